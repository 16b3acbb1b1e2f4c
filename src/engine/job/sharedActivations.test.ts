import { expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { defaultRecipe } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

/** Like query, key and value of an attention: codes made once are read by three layers, the second after the first's bias. */
const attention = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 5, 16])],
  outputs: ["y"],
  nodes: [
    ...["q", "k", "v"].flatMap((name) => [
      makeNode("MatMul", ["x", `${name}_w`], [`${name}_m`], { name: `${name}_product` }),
      makeNode("Add", [`${name}_m`, `${name}_b`], [name], { name: `${name}_sum` }),
    ]),
    makeNode("Mul", ["q", "k"], ["qk"]),
    makeNode("Add", ["qk", "v"], ["y"]),
  ],
  constants: Object.fromEntries(
    ["q", "k", "v"].flatMap((name, at) => [
      [`${name}_w`, noise([16, 16], at + 1)],
      [`${name}_b`, noise([16], at + 7)],
    ]),
  ),
});

test("biases of layers that read the same codes, found at run time, are corrected", async () => {
  const model = await open(attention);
  const samples = [1, 2, 3, 4].map((seed): TensorMap => new Map([["x", noise([1, 5, 16], seed)]]));
  const recipe = { ...defaultRecipe(model), format: "dynamic" as const };
  const runtimes = { main: runtime, accelerator: null };
  const settled = await settle(
    model,
    recipe,
    datasetOf(model, samples),
    { samples: 4, calibration: null },
    runtimes,
    context,
  );
  expect(Object.keys(settled.recipe.biases ?? {}).sort()).toEqual(["k_product", "q_product", "v_product"]);
  const operators = quantizeModel(model, settled.recipe).model.graph?.node.map(({ opType }) => opType) ?? [];
  expect(operators.filter((each) => each === "DynamicQuantizeLinear")).toHaveLength(1);
});
