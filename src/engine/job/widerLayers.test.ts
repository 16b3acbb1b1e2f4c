import { expect, it } from "vitest";
import { optimizedOperators } from "../graph/testing/native.ts";
import type { Recipe } from "../model/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { withBlock, withFormat, withWeightType } from "../recipe/edits.ts";
import { targetOf } from "../targets/index.ts";
import { refusalOf } from "../targets/target.ts";
import { defaultRecipe, type OpenModel, summarizeModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settleAlone } from "./settle.ts";
import { open } from "./testing/quantized.ts";

/** A convolution of 2,304 weights before a matrix of `columns` columns, 64 weights each. */
const net = (columns: number) =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 16, 4, 4])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "w"], ["a"], { name: "conv" }),
      makeNode("Flatten", ["a"], ["flat"], { name: "flat" }),
      makeNode("MatMul", ["flat", "m"], ["y"], { name: "last" }),
    ],
    constants: { w: noise([16, 16, 3, 3], 1), m: noise([64, columns], 2) },
  });

function inBlocks(model: OpenModel): Recipe {
  const alone = withWeightType(withFormat(defaultRecipe(model), "weights"), "uint4");
  return withBlock({ ...alone, corrections: { equalization: false, bias: "none" } }, 32);
}

const precisions = (model: OpenModel, recipe: Recipe) =>
  Object.fromEntries(summarizeModel(model, recipe).layers.map(({ id, precision }) => [id, precision]));

it("keeps convolutions beside weights in blocks in float16, and where they are the model in int8", async () => {
  const [many, few] = [await open(net(32)), await open(net(8))];
  expect(precisions(many, inBlocks(many))).toMatchObject({ conv: "float16", last: "uint4" });
  expect(precisions(few, inBlocks(few))).toMatchObject({ conv: "int8", last: "uint4" });
  const written = quantizeModel(few, settleAlone(few, inBlocks(few)).recipe);
  expect(written.written.name).toMatch(/\.uint4\.onnx$/);
  expect(await optimizedOperators(written.model)).not.toContain("Cast");
  const said = summarizeModel(few, inBlocks(few)).notices.map(({ message }) => message);
  expect(said.join()).toContain("1 layer that no blocks fit (Conv) keeps its weights in int8");
});

it("leaves a layer's own type, and recipes that say nothing of other layers, as they are, and says what that costs", async () => {
  const model = await open(net(32));
  const recipe = inBlocks(model);
  const named = { ...recipe, weights: { ...recipe.weights, layers: { conv: "int4" as const } } };
  expect(precisions(model, named)).toMatchObject({ conv: "int4", last: "uint4" });
  const { others: _, ...weights } = recipe.weights;
  const before = { ...recipe, weights };
  expect(precisions(model, before)).toMatchObject({ conv: "uint4", last: "uint4" });
  expect(summarizeModel(model, before).notices.map(({ subject }) => subject)).toContain("convolutions");
  expect(withBlock(before, 64).weights.others).toBeUndefined();
  const { block: __, ...whole } = recipe.weights;
  expect(refusalOf(targetOf(recipe), { ...recipe, weights: whole })).toContain("choose a block");
});

it("names a file for what its layers have where no blocks fit any", async () => {
  const conv = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 16, 4, 4])],
    outputs: ["y"],
    nodes: [makeNode("Conv", ["x", "w"], ["y"], { name: "conv" })],
    constants: { w: noise([16, 16, 3, 3], 1) },
  });
  const model = await open(conv);
  const { recipe } = settleAlone(model, inBlocks(model));
  expect(quantizeModel(model, recipe).written.name).toMatch(/\.int8\.onnx$/);
  const mixed = { ...recipe, format: "qdq" as const };
  const { block: _, others: __, ...weights } = mixed.weights;
  const kept = {
    ...mixed,
    weights: { ...weights, type: "int8" as const },
    float: { ...mixed.float, storedAs: { conv: "float16" as const } },
  };
  expect(quantizeModel(model, kept).written.name).toMatch(/\.mixed\.onnx$/);
});
