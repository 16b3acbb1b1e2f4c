import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { graphOf } from "./pass.ts";
import { shareConstants } from "./shareConstants.ts";
import { run } from "./testing/native.ts";

const x = (name: string) => floatInput(name, [2, 20]);

/** Two branches, each with a weight of its own. */
function model(then: Tensor, otherwise: Tensor): ModelProto {
  const branch = (name: string, weight: Tensor) =>
    create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.GRAPH,
      g: create(GraphProtoSchema, {
        name,
        node: [makeNode("MatMul", ["x", "w"], [`${name}_m`]), makeNode("Add", [`${name}_m`, "few"], [`${name}_y`])],
        initializer: [tensorProto("w", weight), tensorProto("few", noise([20], 7))],
        output: [x(`${name}_y`)],
      }),
    });
  return buildModel({
    opset: 17,
    inputs: [x("x"), portInfo({ name: "flag", type: "bool", dims: [] })],
    outputs: ["y"],
    nodes: [
      makeNode("If", ["flag"], ["y"], { attributes: [branch("then_branch", then), branch("else_branch", otherwise)] }),
    ],
    constants: { w_shared: scalar("float32", 1) },
  });
}

const weight = (seed: number) => noise([20, 20], seed);
const namesIn = (given: ModelProto) =>
  graphOf(given).node[0]!.attribute.map(({ g }) => g!.initializer.map(({ name }) => name));

it("keeps large constants that are the same in two bodies once, at the top", async () => {
  const given = model(weight(1), weight(1));
  const { model: shared, changes } = shareConstants(given);
  expect(graphOf(shared).initializer.map(({ name }) => name)).toEqual(["w_shared", "w_shared_1"]);
  expect(namesIn(shared)).toEqual([["few"], ["few"]]);
  expect(changes).toEqual([{ count: 1, noun: "constant", what: "within a body shared with another one" }]);
  for (const flag of [0, 1]) {
    const feeds = new Map([
      ["x", noise([2, 20], 3)],
      ["flag", scalar("bool", flag)],
    ]);
    expect(await run(shared, feeds)).toEqual(await run(given, feeds));
  }
});

it.each<readonly [string, Tensor, Tensor]>([
  ["values", weight(1), weight(2)],
  [
    "types",
    weight(1),
    { type: "int32", dims: [20, 20], data: new Int32Array((weight(1).data as Float32Array).buffer) },
  ],
])("leaves those of other %s alone", (_, then, otherwise) => {
  const given = model(then, otherwise);
  expect(shareConstants(given).model).toBe(given);
});
