import type { TensorMap } from "../model/tensor.ts";
import { joinTensors } from "./batches.ts";

/** The tensors of several samples joined along the first dimension, by name; a single sample's as they are. */
export function joinFeeds(feeds: readonly TensorMap[]): TensorMap {
  const [first] = feeds;
  if (!first) throw new RangeError("There is nothing to join.");
  if (feeds.length === 1) return first;
  return new Map(
    [...first.keys()].map((name) => [
      name,
      joinTensors(
        feeds.map((map) => map.get(name)!),
        name,
      ),
    ]),
  );
}
