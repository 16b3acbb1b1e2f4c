import { expect, it } from "vitest";
import { optimizedOperators, run } from "../graph/testing/native.ts";
import { defaultRecipe } from "../job/open.ts";
import { quantizeModel } from "../job/quantize.ts";
import { settle } from "../job/settle.ts";
import { context, datasetOf, open, runtime } from "../job/testing/quantized.ts";
import type { TargetName } from "../model/target.ts";
import { Comparator } from "../numerics/metrics.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { INT8, withActivations, withTarget } from "../recipe/edits.ts";

const NET = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 8, 10, 10])],
  outputs: ["y"],
  nodes: [
    makeNode("Conv", ["x", "v", "b"], ["a"], { name: "first" }),
    makeNode("Relu", ["a"], ["r"], { name: "relu" }),
    makeNode("Conv", ["r", "w", "b"], ["c"], { name: "second" }),
    makeNode("Clip", ["c", "least", "most"], ["d"], { name: "clip" }),
    makeNode("GlobalAveragePool", ["d"], ["y"], { name: "pool" }),
  ],
  constants: {
    v: noise([8, 8, 3, 3], 1),
    w: noise([8, 8, 3, 3], 2),
    b: noise([8], 3),
    least: { type: "float32", dims: [], data: Float32Array.of(0) },
    most: { type: "float32", dims: [], data: Float32Array.of(6) },
  },
});

async function symmetric(target: TargetName) {
  const model = await open(NET);
  const samples = Array.from({ length: 6 }, (_, i) => new Map([["x", noise([1, 8, 10, 10], 50 + i)]]));
  const recipe = withActivations(withTarget(defaultRecipe(model), target), INT8);
  const runtimes = { main: runtime, accelerator: null };
  const request = { samples: 6, calibration: null };
  const settled = await settle(model, recipe, datasetOf(model, samples), request, runtimes, context);
  return quantizeModel(model, settled.recipe).model;
}

it("leaves the layers before clamps that symmetric codes do not imply their integer kernels", async () => {
  const model = await symmetric("ort-cpu");
  const operators = await optimizedOperators(model);
  expect(operators.filter((operator) => operator === "QLinearConv")).toHaveLength(2);
  expect(operators.filter((operator) => /Conv/.test(operator))).toHaveLength(2);
  const feeds = new Map([["x", noise([1, 8, 10, 10], 90)]]);
  const comparator = new Comparator();
  comparator.add(
    (await run(NET, feeds)).get("y")!.data as Float32Array,
    (await run(model, feeds)).get("y")!.data as Float32Array,
  );
  expect(comparator.result().sqnr).toBeGreaterThan(25);
});

it("writes a layer and its clamp as they are where a target fuses them", async () => {
  const { graph } = await symmetric("tensorrt");
  const made = new Map(graph!.node.flatMap((node) => node.output.map((name) => [name, node.opType] as const)));
  const clamps = graph!.node.filter(({ opType }) => opType === "Relu" || opType === "Clip");
  expect(clamps.map(({ input }) => made.get(input[0] ?? ""))).toEqual(["Conv", "Conv"]);
});
