import type { Tensor, TensorMap } from "../model/tensor.ts";
import type { TensorData } from "../values/elementTypes.ts";

/** The tensors of several samples joined along the first dimension, by name; a single sample's as they are. */
export function joinFeeds(feeds: readonly TensorMap[]): TensorMap {
  const [first] = feeds;
  if (!first) throw new RangeError("There is nothing to join.");
  if (feeds.length === 1) return first;
  return new Map([...first.keys()].map((name) => [name, join(feeds.map((map) => map.get(name)!))]));
}

function join(tensors: readonly Tensor[]): Tensor {
  const { type, dims, data } = tensors[0]!;
  const joined = new (data.constructor as new (length: number) => TensorData)(
    tensors.reduce((sum, tensor) => sum + tensor.data.length, 0),
  );
  let at = 0;
  for (const tensor of tensors) {
    joined.set(tensor.data as never, at);
    at += tensor.data.length;
  }
  const rows = tensors.reduce((sum, tensor) => sum + (tensor.dims[0] ?? 1), 0);
  return { type, dims: [rows, ...dims.slice(1)], data: joined };
}
