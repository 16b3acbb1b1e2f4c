import { expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import type { Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { OwnStates } from "./ownStates.ts";

const scalar = (value: number): Tensor => ({ type: "float32", dims: [1], data: Float32Array.of(value) });

/** Steps 0, 1, 2 | 3, 4, 5 of x = index, with a state of the float model that no other run may use: 1000. */
const dataset: Dataset = {
  length: 6,
  sourceOf: (index) => `sample ${index}`,
  labels: null,
  notices: [],
  sequences: {
    states: new Map([["h", "hn"]]),
    startOf: (index) => (index < 3 ? 0 : 3),
    trySecond: async () => undefined,
    release: async () => undefined,
  },
  get: async (index) => ({
    source: "",
    feeds: new Map([
      ["x", scalar(index)],
      ["h", scalar(index % 3 === 0 ? 0 : 1000)],
    ]),
  }),
};

function summing() {
  const runs: number[] = [];
  const session: Session = {
    inputs: [],
    outputs: [],
    lastRunTime: 1,
    async run(feeds: TensorMap) {
      const [x, h] = ["x", "h"].map((name) => Number(feeds.get(name)!.data[0]));
      runs.push(x!);
      return new Map([["hn", scalar(x! + h!)]]);
    },
    dispose: async () => undefined,
  };
  return { session, runs };
}

async function sums(own: OwnStates, indices: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (const index of indices) {
    const made = await own.run(index, (await dataset.get(index)).feeds);
    found.push(Number(made.get("hn")!.data[0]));
  }
  return found;
}

it("carries what the model itself made from step to step, and begins anew with each sequence", async () => {
  const { session, runs } = summing();
  expect(await sums(new OwnStates(session, dataset), [0, 1, 2, 3, 4, 5])).toEqual([0, 1, 3, 3, 7, 12]);
  expect(runs).toEqual([0, 1, 2, 3, 4, 5]);
});

it("runs the steps before one that it begins with, and those that were passed over", async () => {
  const { session, runs } = summing();
  expect(await sums(new OwnStates(session, dataset), [1, 5, 4])).toEqual([1, 12, 7]);
  expect(runs).toEqual([0, 1, 3, 4, 5, 3, 4]);
});

it("runs samples that are no steps as they are", async () => {
  const { session } = summing();
  const { sequences: _, ...plain } = dataset;
  const made = await new OwnStates(session, plain).run(2, (await plain.get(2)).feeds);
  expect(made.get("hn")).toEqual(scalar(1002));
});
