import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { run } from "../graph/testing/native.ts";
import { makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { shareEqual } from "./shareEqual.ts";

const TABLES = {
  first: noise([1, 300], 1),
  other: noise([1, 300], 2),
  same: noise([1, 300], 1),
  few: noise([1, 3], 1),
};
const NONE = buildModel({ opset: 13, inputs: [], outputs: [], nodes: [] });
const given = buildModel({
  opset: 13,
  inputs: [floatInput("x", [2, 300])],
  outputs: ["y", "gave"],
  nodes: [
    makeNode("Add", ["x", "first"], ["a"]),
    makeNode("Mul", ["a", "same"], ["b"]),
    makeNode("Add", ["b", "other"], ["y"]),
    makeNode("Add", ["few", "few_again"], ["gave"]),
  ],
  constants: { ...TABLES, few_again: TABLES.few },
});

it("writes large constants that are the same once, and changes no result", async () => {
  const shared = shareEqual(given, NONE);
  expect(shared.graph!.initializer.map(({ name }) => name).sort()).toEqual(["few", "few_again", "first", "other"]);
  const feeds = new Map([["x", noise([2, 300], 3)]]);
  expect(await run(shared, feeds)).toEqual(await run(given, feeds));
});

it("writes small ones once too where the float model has them, and none for a reader of another type or shape", async () => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3])],
    outputs: ["y"],
    nodes: [
      makeNode("Add", ["x", "few"], ["a"]),
      makeNode("Mul", ["a", "few_again"], ["b"]),
      makeNode("Mul", ["b", "few_as_vector"], ["c"]),
      makeNode("Add", ["c", "few_of_quantizer"], ["y"]),
    ],
    constants: {
      few: TABLES.few,
      few_again: TABLES.few,
      few_as_vector: { ...TABLES.few, dims: [3] },
      few_of_quantizer: TABLES.few,
    },
  });
  const { graph } = model;
  const float = withFields(model, {
    graph: withFields(graph!, { initializer: graph!.initializer.filter(({ name }) => name !== "few_of_quantizer") }),
  });
  const shared = shareEqual(model, float);
  const names = shared.graph!.initializer.map(({ name }) => name).sort();
  expect(names).toEqual(["few", "few_as_vector", "few_of_quantizer"]);
  const feeds = new Map([["x", noise([1, 3], 3)]]);
  expect(await run(shared, feeds)).toEqual(await run(model, feeds));
});

it("takes constants whose values are not raw bytes for different ones", () => {
  const texts = ["a", "b"].map((text) =>
    create(TensorProtoSchema, {
      name: text,
      dataType: TensorProto_DataType.STRING,
      dims: [1n],
      stringData: [new TextEncoder().encode(text)],
    }),
  );
  const nodes = ["a", "b"].map((text) => makeNode("Identity", [text], [`${text}_again`]));
  const built = buildModel({ opset: 13, inputs: [], outputs: ["a_again", "b_again"], nodes });
  const model = withFields(built, { graph: withFields(built.graph!, { initializer: texts }) });
  expect(shareEqual(model, model)).toBe(model);
});

it("leaves constants alone whose name a graph within gives to something else", () => {
  const body = buildModel({
    opset: 13,
    inputs: [],
    outputs: ["out"],
    nodes: [makeNode("Add", ["few", "few_again"], ["out"])],
    constants: { few_again: noise([1, 3], 9) },
  }).graph!;
  const either = ["then_branch", "else_branch"].map((name) =>
    create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.GRAPH, g: body }),
  );
  const model = buildModel({
    opset: 13,
    inputs: [],
    outputs: ["y", "z"],
    nodes: [makeNode("Add", ["few", "few_again"], ["y"]), makeNode("If", ["is"], ["z"], { attributes: either })],
    constants: { few: TABLES.few, few_again: TABLES.few, is: { type: "bool", dims: [], data: Uint8Array.of(1) } },
  });
  expect(shareEqual(model, model)).toBe(model);
});

it("leaves a model without such constants, and constants that are outputs, alone", () => {
  const distinct = shareEqual(given, given);
  expect(distinct.graph!.initializer.map(({ name }) => name).sort()).toEqual(["few", "first", "other"]);
  expect(shareEqual(distinct, given)).toBe(distinct);
  const { graph } = given;
  const output = [...graph!.output, withFields(graph!.output[0]!, { name: "same" })];
  const giving = withFields(given, { graph: withFields(graph!, { output }) });
  expect(shareEqual(giving, NONE)).toBe(giving);
});
