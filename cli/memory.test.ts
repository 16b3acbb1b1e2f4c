import { expect, it, vi } from "vitest";
import { countOutside } from "../src/engine/graph/countOutside.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import type { ModelProto, NodeProto } from "../src/engine/onnx/proto/onnx_pb.ts";
import { toModelFile } from "../src/engine/onnx/runtimeFile.ts";
import { buildModel, floatInput } from "../src/engine/onnx/testing/build.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { tellingPeaks } from "./memory.ts";
import { TELLS_PEAKS } from "./peak.ts";

vi.unmock("./memory.ts");

const MEGABYTE = 2 ** 20;

/** A model that makes `values` float32 values of one, called "wide", and of them what `nodes` do. */
function widened(values: number, nodes: readonly NodeProto[], output: string): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1])],
    outputs: [output],
    nodes: [makeNode("Expand", ["x", "shape"], ["wide"], { name: "wide" }), ...nodes],
    constants: { shape: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(values)) } },
  });
}

function peakOf(model: ModelProto): Promise<number> {
  const x = { type: "float32" as const, dims: [1], data: Float32Array.of(0.5) };
  return tellingPeaks(nodeRuntime()).peakBytes!(toModelFile(model), new Map([["x", x]]), 1);
}

/** It holds its values and what is made of them at once. */
const twice = (values: number) =>
  widened(
    values,
    [
      makeNode("Exp", ["wide"], ["other"], { name: "other" }),
      makeNode("ReduceSum", ["wide"], ["a"], { name: "a" }),
      makeNode("ReduceSum", ["other"], ["b"], { name: "b" }),
      makeNode("Add", ["a", "b"], ["y"], { name: "sum" }),
    ],
    "y",
  );

it.runIf(TELLS_PEAKS)("grows by the bytes that a model holds at once", { timeout: 60_000 }, async () => {
  const [small, large] = await Promise.all([peakOf(twice(1)), peakOf(twice(32 * MEGABYTE))]);
  expect(large - small).toBeGreaterThan(2 * 4 * 32 * MEGABYTE * 0.95);
  expect(large - small).toBeLessThan(2 * 4 * 32 * MEGABYTE * 1.2);
});

it.runIf(TELLS_PEAKS)(
  "does not grow by what is counted of tensors one after the other",
  { timeout: 60_000 },
  async () => {
    const steps = Array.from({ length: 10 }, (_, at) => `t${at}`);
    const values = 4 * MEGABYTE;
    const chain = steps.map((name, at) => makeNode("Tanh", [steps[at - 1] ?? "wide"], [name], { name }));
    const model = widened(values, chain, "t9");
    const counting = countOutside(model, new Map(steps.map((name) => [name, { low: -0.1, high: 0.1 }])));
    const peak = await peakOf(counting.model);
    expect(peak).toBeLessThan(6 * 4 * values);
  },
);

it.runIf(TELLS_PEAKS)("rejects where the model does not load", { timeout: 60_000 }, async () => {
  const file = { graph: Uint8Array.of(1, 2, 3), external: [] };
  await expect(tellingPeaks(nodeRuntime()).peakBytes!(file, new Map(), 1)).rejects.toThrow();
});
