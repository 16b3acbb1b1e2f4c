import { expect, test } from "vitest";
import { nodeTimesOf } from "../runtime/printedProfile.ts";
import { sumByLayer } from "./latency.ts";

const event = (name: string, dur: number, cat = "Node") => ({ cat, name, dur, ph: "X", args: {} });

test("a profile of ONNX Runtime is read node by node, without what is around kernels", () => {
  const profile = JSON.stringify([
    event("model_loading_array", 900, "Session"),
    event("conv_token_3_kernel_time", 20),
    event("conv_token_3_fence_before", 1),
    event("pool_kernel_time", 7),
  ]);
  expect(nodeTimesOf(profile)).toEqual([
    { node: "conv_token_3", microseconds: 20 },
    { node: "pool", microseconds: 7 },
  ]);
});

test("a layer's time is the median of its runs after the first, of all nodes that it became", () => {
  const layerOf = new Map([
    ["conv", "conv"],
    ["cast", "conv"],
    ["quantize", null],
  ]);
  const run = (conv: number, cast: number, quantize: number) => [
    { node: "conv_token_3", microseconds: conv },
    { node: "cast", microseconds: cast },
    { node: "quantize", microseconds: quantize },
    { node: "Transpose", microseconds: 50 },
  ];
  const times = [...run(90_000, 1, 1), ...run(3000, 500, 100), ...run(2000, 500, 100), ...run(4000, 500, 100)];
  const { layers, others } = sumByLayer(times, layerOf, 1);
  expect(layers).toEqual([{ layer: "conv", milliseconds: 3.5 }]);
  expect(others).toBeCloseTo(0.15);
});
