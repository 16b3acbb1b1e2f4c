import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { activationValues } from "./bitDepth.ts";
import { calibrate } from "./calibrate.ts";
import { type OpenModel, openModel } from "./open.ts";

const fileName = "fashion-mnist-dw.onnx";
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const picture = Float32Array.from({ length: 28 * 28 }, (_, i) => Math.sin(i / 9));
const dataset: Dataset = {
  length: 1,
  sourceOf: (index) => `sample ${index}`,
  labels: null,
  notices: [],
  get: async () => ({
    source: "a picture",
    feeds: new Map([["image", { type: "float32", dims: [1, 1, 28, 28], data: picture }]]),
  }),
};
let model: OpenModel;
const valuesOf = (tensor: string, count: number, sample = 0) =>
  activationValues(model, tensor, dataset, sample, count, nodeRuntime());

beforeAll(async () => {
  const path = fileURLToPath(new URL(`../../../public/sample/${fileName}`, import.meta.url));
  const source = { bytes: new Uint8Array(readFileSync(path)), fileName, readBeside: async () => null };
  model = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
});

describe("activationValues", () => {
  it("gives the values that calibration observes, but for how fused kernels round", async () => {
    const request = { samples: 1, preprocess: null, resume: null, checkpoint: () => undefined };
    const { statistics } = await calibrate(
      model,
      dataset,
      request,
      { main: nodeRuntime(), accelerator: null },
      context,
    );
    const tensors = [...statistics].filter(([, { finite }]) => finite > 0);
    expect(tensors.length).toBeGreaterThan(20);
    for (const [tensor, { finite, min, max }] of [tensors[0]!, tensors[5]!, tensors.at(-1)!]) {
      const values = await valuesOf(tensor, 1e6);
      expect(values).toHaveLength(finite);
      expect(Math.min(...values)).toBeCloseTo(min, 4);
      expect(Math.max(...values)).toBeCloseTo(max, 4);
    }
  });

  it("cuts off after the count, and reads the input without running the model", async () => {
    expect(await valuesOf("image", 10)).toEqual(picture.slice(0, 10));
  });

  it("refuses what is not there", async () => {
    await expect(valuesOf("nothing", 10)).rejects.toThrow(/nothing is no float32 activation of fashion-mnist-dw.onnx/);
    await expect(valuesOf("image", 10, 1)).rejects.toThrow(/no sample 1: the data has 1/);
  });
});
