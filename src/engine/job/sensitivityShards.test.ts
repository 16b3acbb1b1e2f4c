import { expect, it } from "vitest";
import type { SensitivityShard } from "../model/sensitivityShard.ts";
import { SensitivityMerge } from "./sensitivityShards.ts";

const shard = (index: number, ...layers: readonly string[]) => {
  const sensitivity = { samples: 8, layers: layers.map((layer) => ({ layer })), seconds: 1 };
  const part = { shard: { index, of: 2 }, model: { sha256: "a" }, split: null, recipe: {}, halves: null, sensitivity };
  return [`${index}.json`, part as unknown as SensitivityShard] as const;
};

function merge(...shards: readonly ReturnType<typeof shard>[]) {
  const merge = new SensitivityMerge();
  for (const named of shards) merge.add(...named);
  return merge.result();
}

it("shards that hold the same layer are refused by name, and others follow each other", () => {
  const merged = merge(shard(2, "c"), shard(1, "a", "b"));
  expect(merged.sensitivity.layers.map(({ layer }) => layer)).toEqual(["a", "b", "c"]);
  expect(() => merge(shard(1, "a", "b"), shard(2, "b", "c"))).toThrow(
    "1.json and 2.json both hold the layer b, so one is not the shard that it says; measure it again.",
  );
});
