import { expect, it, vi } from "vitest";
import type { Runtime } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { evaluateModels } from "./evaluate.ts";
import { runnable } from "./open.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

const model = await open(
  buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 8])],
    outputs: ["y"],
    nodes: [makeNode("MatMul", ["x", "w"], ["y"], { name: "only" })],
    constants: { w: noise([8, 8], 1) },
  }),
);

async function memoryOf(changes: Partial<Runtime>) {
  const samples: TensorMap[] = [new Map([["x", noise([1, 8], 2)]]), new Map([["x", noise([1, 8], 3)]])];
  const file = { file: runnable(model.reference), bytes: model.bytes };
  const job = { float: file, quantized: file, skip: 0, samples: 2, limit: 0.01, machine: "here", speeds: true };
  return (await evaluateModels(job, datasetOf(model, samples), { ...runtime, ...changes }, context)).memory;
}

it("is measured of each model where the runtime tells it", async () => {
  const peakBytes = vi.fn().mockResolvedValueOnce(2000).mockResolvedValueOnce(1000);
  expect(await memoryOf({ peakBytes, freeBytes: () => 3 * model.bytes })).toEqual({ float: 2000, quantized: 1000 });
});

it("is not measured where a model would not fit twice, and left out where it cannot be told of both", async () => {
  const peakBytes = vi.fn().mockResolvedValue(1000);
  expect(await memoryOf({ peakBytes, freeBytes: () => model.bytes })).toBeUndefined();
  expect(peakBytes).not.toHaveBeenCalled();
  const failing = vi.fn().mockResolvedValueOnce(2000).mockRejectedValueOnce(new Error("ended"));
  expect(await memoryOf({ peakBytes: failing })).toBeUndefined();
});
