import { expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { SampleFeed } from "./sampleFeed.ts";

it("joins no samples of different shapes, and loses none", async () => {
  const lengths = [2, 2, 3, 2, 2, 2];
  const dataset: Dataset = {
    ...{ length: 6, sourceOf: (index) => `${lengths[index]}`, labels: null, notices: [] },
    get: async (index) => {
      const length = lengths[index]!;
      const x: Tensor = { type: "float32", dims: [1, length], data: new Float32Array(length).fill(index) };
      return { source: String(index), feeds: new Map([["x", x]]) };
    },
  };
  const feed = new SampleFeed(dataset, [0, 1, 2, 3, 4, 5], () => undefined);
  const batches: unknown[] = [];
  for (let batch = await feed.next(4); batch; batch = await feed.next(4)) {
    batches.push([batch.samples, batch.feeds.get("x")!.dims]);
  }
  expect(batches).toEqual([
    [
      [0, 1],
      [2, 2],
    ],
    [[2], [1, 3]],
    [
      [3, 4, 5],
      [3, 2],
    ],
  ]);
});

it("counts a sample that is being decoded among those that are left", async () => {
  const decoded: (() => void)[] = [];
  const dataset: Dataset = {
    ...{ length: 3, sourceOf: (index) => `${index}.png`, labels: null, notices: [] },
    async get(index) {
      await new Promise<void>((resolve) => decoded.push(resolve));
      if (index === 1) throw new InputError("1.png is damaged.");
      return { source: `${index}.png`, feeds: new Map() };
    },
  };
  const skipped: number[] = [];
  const feed = new SampleFeed(dataset, [0, 1, 2], (index) => skipped.push(index));
  const turn = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    decoded.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  const first = feed.next(1);
  await turn();
  expect((await first)?.samples).toEqual([0]);
  expect(feed.left).toBe(2);
  await turn();
  expect([skipped, feed.left]).toEqual([[1], 1]);
  const last = feed.next(1);
  await turn();
  expect((await last)?.samples).toEqual([2]);
  expect([await feed.next(1), feed.left]).toEqual([null, 0]);
});
