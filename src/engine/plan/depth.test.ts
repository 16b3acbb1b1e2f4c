import { expect, it } from "vitest";
import { channelLinks } from "../graph/channelLinks.ts";
import { type PieceRequest, piecesOf } from "../graph/pieces.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import type { DataType } from "../values/elementTypes.ts";
import { planQuantization } from "./plan.ts";

/** More than a stack holds calls. */
const LENGTH = 15_000;

const relus = Array.from({ length: LENGTH }, (_, i) => makeNode("Relu", [`t${i}`], [`t${i + 1}`], { name: `r${i}` }));
const model = buildModel({
  opset: 13,
  inputs: [floatInput("x", [1, 4, 2, 2])],
  outputs: ["y"],
  nodes: [
    makeNode("Conv", ["x", "w"], ["t0"], { name: "first" }),
    ...relus,
    makeNode("Conv", [`t${LENGTH}`, "w"], ["y"], { name: "last" }),
  ],
  constants: { w: noise([4, 4, 1, 1]) },
});
const graph = model.graph!;
const tensors = ["x", ...graph.node.flatMap(({ output }) => output)];

it("a chain longer than the stack is planned, its channels are followed, and it is cut in pieces", () => {
  const types = new Map<string, DataType>(tensors.map((name) => [name, "float32"]));
  const { layers, groups } = planQuantization(graph, types, PLAIN_RECIPE, ORT);
  expect(layers.filter(({ reason }) => reason === null)).toHaveLength(LENGTH + 2);
  expect(groups.map(({ id }) => id)).toEqual(["x", `t${LENGTH}`, "y"]);

  expect(channelLinks(new GraphIndex(graph)).map(({ readers }) => readers.map(({ node }) => node.name))).toEqual([
    ["last"],
  ]);

  const request: PieceRequest = {
    exposed: tensors,
    typeOf: () => "float32",
    dimsOf: () => [1, 4, 2, 2],
    bytesOf: () => 1,
    bound: LENGTH / 2,
  };
  expect(piecesOf(model, request).length).toBeGreaterThan(1);
});
