import { expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes, shrinking } from "../data/testing/files.ts";
import type { DataFile } from "../model/dataset.ts";
import { FileChanged, type JobContext } from "../model/job.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { openData } from "./data.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { settle } from "./settle.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const runtime = nodeRuntime();
const SAMPLES = 4;

it("data that is cut short ends the job, whatever the job is at", async () => {
  const network = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 2, 4, 4])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "v"], ["m"]),
      makeNode("Relu", ["m"], ["r"]),
      makeNode("Conv", ["r", "w", "b"], ["y"]),
    ],
    constants: { v: noise([3, 2, 1, 1]), w: noise([3, 3, 1, 1]), b: noise([3]) },
  });
  const source = { bytes: concat(encodeModel(network)), fileName: "net.onnx", readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
  const recipe = { ...defaultRecipe(model), corrections: { equalization: true, bias: "empirical" } } as const;
  const bytes = npyBytes(
    "<f4",
    [SAMPLES, 2, 4, 4],
    Float32Array.from({ length: SAMPLES * 32 }, (_, i) => Math.sin(i)),
  );
  const settled = async (file: DataFile) => {
    const data = await openData(model, [file], null, nodeDecoders);
    const request = { samples: SAMPLES, calibration: null };
    return settle(model, recipe, data, request, { main: runtime, accelerator: null }, context);
  };
  const whole = memoryFile("a.npy", bytes);
  await settled(whole);
  // Equalizing, calibrating and correcting biases read every sample.
  const reads = whole.reads.length;
  expect(reads).toBeGreaterThan(3 * SAMPLES);
  for (let from = 3; from < reads; from++) {
    const end = settled(shrinking("a.npy", bytes, bytes.length - 60, from));
    await expect(end).rejects.toThrow(
      new FileChanged("a.npy was cut short while it was read; wait until it is written, and start again."),
    );
  }
  await settled(shrinking("a.npy", bytes, bytes.length - 60, reads));
});
