import { expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { SampleFeed } from "./sampleFeed.ts";

it("counts a sample that is being decoded among those that are left", async () => {
  const decoded: (() => void)[] = [];
  const dataset: Dataset = {
    ...{ length: 3, sources: ["0.png", "1.png", "2.png"], labels: null, notices: [] },
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
