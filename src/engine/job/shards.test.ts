import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Shard } from "../model/shard.ts";
import { Observer } from "../numerics/observer.ts";
import { Parts } from "./parts.ts";
import { ShardMerge } from "./shards.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const TENSORS = 20;
const VALUES = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i) * 2 ** ((i % 32) - 16));

/** Of one sample, which is its own; some 80 KB of counts a tensor. */
function shardOf(index: number, of: number): Shard {
  const observer = new Observer();
  observer.observe(
    VALUES.map((value) => value * index),
    index - 1,
  );
  const statistics = new Map(Array.from({ length: TENSORS }, (_, i) => [`t${i}`, observer.statistics()]));
  return {
    shard: { index, of },
    samples: of,
    listing: "all",
    sources: [`${index}.png`],
    facts: { inputs: [], open: [], data: [], moments: [], firstLayers: [], probabilities: [], outputs: [] },
    calibration: {
      ...{ model: { name: "m", sha256: "00" }, equalized: false, wanted: of, preprocess: null, seed: 0, prints: null },
      ...{ statistics, observed: [index - 1], skipped: [], executors: [], notices: [] },
    },
  };
}

it("keeps of a shard its samples' extremes, and no counts of its own", async () => {
  const of = 40;
  const merge = new ShardMerge();
  const held: number[] = [];
  for (let index = of; index >= 1; index--) {
    merge.add(`${index}.json`, shardOf(index, of));
    if (index % 20 !== 1) continue;
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
    collectGarbage();
    held.push(process.memoryUsage().arrayBuffers);
  }
  const one = [...shardOf(1, of).calibration.statistics.values()]
    .flatMap(({ octaves }) => octaves)
    .reduce((sum, { counts }) => sum + counts.byteLength, 0);
  expect(held[1]! - held[0]!).toBeLessThan(3 * one);
  const { observed, statistics } = merge.result();
  expect(observed).toEqual(Array.from({ length: of }, (_, i) => i));
  const whole = new Observer();
  for (let index = 1; index <= of; index++)
    whole.observe(
      VALUES.map((value) => value * index),
      index - 1,
    );
  expect(statistics.get("t7")).toEqual(whole.statistics());
});

it("refuses a shard as soon as it is given, by the file's name", () => {
  const merge = new ShardMerge();
  merge.add("2.json", shardOf(2, 3));
  expect(() => merge.add("again.json", shardOf(2, 3))).toThrow("2.json and again.json are both shard 2 of 3");
  expect(() => merge.add("other.json", shardOf(1, 4))).toThrow("other.json is of another number of shards than 2.json");
  expect(() => merge.add("4.json", shardOf(4, 3))).toThrow("4.json is shard 4 of 3, which there is not");
  const short = shardOf(1, 3);
  expect(() => merge.add("1.json", { ...short, calibration: { ...short.calibration, observed: [] } })).toThrow(
    "1.json does not hold the samples 0 to 0",
  );
});

it("says which shards are missing, the first of them where there are many", () => {
  const merge = new ShardMerge();
  merge.add("2.json", shardOf(2, 3));
  expect(() => merge.result()).toThrow("Shards 1, 3 of 3 are missing; give every shard of the calibration.");
  const endless = new Parts({ noun: "calibration", twice: "", common: [] });
  endless.add("1.json", { shard: { index: 1, of: Number.MAX_SAFE_INTEGER } });
  expect(() => endless.assertWhole()).toThrow(/^Shards 2, 3, .*, 11, \.\.\. of 9007199254740991 are missing; /);
});
