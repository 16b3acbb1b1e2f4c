import { expect, it, vi } from "vitest";
import { countOutside } from "../src/engine/graph/countOutside.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { toModelFile } from "../src/engine/onnx/runtimeFile.ts";
import { buildModel, floatInput } from "../src/engine/onnx/testing/build.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { tellingPeaks } from "./memory.ts";
import { TELLS_PEAKS } from "./peak.ts";

vi.unmock("./memory.ts");

const MEGABYTE = 2 ** 20;

/** What a model takes that makes `values` float32 values of one, and holds them and what is made of them at once. */
function peakOf(values: number): Promise<number> {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1])],
    outputs: ["y"],
    nodes: [
      makeNode("Expand", ["x", "shape"], ["wide"], { name: "wide" }),
      makeNode("Exp", ["wide"], ["other"], { name: "other" }),
      makeNode("ReduceSum", ["wide"], ["a"], { name: "a" }),
      makeNode("ReduceSum", ["other"], ["b"], { name: "b" }),
      makeNode("Add", ["a", "b"], ["y"], { name: "sum" }),
    ],
    constants: { shape: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(values)) } },
  });
  const x = { type: "float32" as const, dims: [1], data: Float32Array.of(0.5) };
  return tellingPeaks(nodeRuntime()).peakBytes!(toModelFile(model), new Map([["x", x]]), 1);
}

it.runIf(TELLS_PEAKS)("grows by the bytes that a model holds at once", { timeout: 60_000 }, async () => {
  const [small, large] = await Promise.all([peakOf(1), peakOf(32 * MEGABYTE)]);
  expect(large - small).toBeGreaterThan(2 * 4 * 32 * MEGABYTE * 0.95);
  expect(large - small).toBeLessThan(2 * 4 * 32 * MEGABYTE * 1.2);
});

it.runIf(TELLS_PEAKS)(
  "does not grow by what is counted of tensors one after the other",
  { timeout: 60_000 },
  async () => {
    const steps = Array.from({ length: 10 }, (_, at) => `t${at}`);
    const values = 4 * MEGABYTE;
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1])],
      outputs: ["t9"],
      nodes: [
        makeNode("Expand", ["x", "shape"], ["wide"], { name: "wide" }),
        ...steps.map((name, at) => makeNode("Tanh", [steps[at - 1] ?? "wide"], [name], { name })),
      ],
      constants: { shape: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(values)) } },
    });
    const counting = countOutside(model, new Map(steps.map((name) => [name, { low: -0.1, high: 0.1 }])));
    const x = { type: "float32" as const, dims: [1], data: Float32Array.of(0.5) };
    const peak = await tellingPeaks(nodeRuntime()).peakBytes!(toModelFile(counting.model), new Map([["x", x]]), 1);
    expect(peak).toBeLessThan(6 * 4 * values);
  },
);

it.runIf(TELLS_PEAKS)("rejects where the model does not load", { timeout: 60_000 }, async () => {
  const file = { graph: Uint8Array.of(1, 2, 3), external: [] };
  await expect(tellingPeaks(nodeRuntime()).peakBytes!(file, new Map(), 1)).rejects.toThrow();
});
