import { expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { biasPlace } from "./biasPlace.ts";

const placeOf = (matMul: string, add: string, operator = "Add") => {
  const multiplies = makeNode("MatMul", ["x", "w"], ["p"], { domain: matMul });
  const nodes = [multiplies, makeNode(operator, ["b", "p"], ["y"], { domain: add })];
  const constants = { w: noise([4, 3]), b: noise([3]) };
  const { graph } = buildModel({ opset: 17, inputs: [floatInput("x", [2, 4])], outputs: ["y"], nodes, constants });
  return biasPlace(multiplies, new GraphIndex(graph!));
};

it("the bias of a MatMul is the vector that the Add after it adds", () => {
  expect(placeOf("", "")).toMatchObject({ node: { opType: "Add" }, input: 0 });
  expect(placeOf("", "ai.onnx")).toMatchObject({ node: { opType: "Add" }, input: 0 });
});

it("there is none where another operator, or one of a model's own that is only called so, follows or multiplies", () => {
  expect(placeOf("", "", "Sub")).toBeNull();
  expect(placeOf("", "own")).toBeNull();
  expect(placeOf("own", "")).toBeNull();
});
