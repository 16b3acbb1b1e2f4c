import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { allNodes } from "../onnx/opset.ts";
import { inputPorts } from "../onnx/ports.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { run } from "./testing/native.ts";

function ifNode(condition: string, output: string, then: readonly NodeProto[], otherwise: readonly NodeProto[]) {
  const branch = (name: string, nodes: readonly NodeProto[]) => {
    const output = [create(ValueInfoProtoSchema, { name: nodes.at(-1)!.output[0]! })];
    const g = create(GraphProtoSchema, { name, node: [...nodes], output });
    return create(AttributeProtoSchema, { name, g, type: AttributeProto_AttributeType.GRAPH });
  };
  const attributes = [branch("then_branch", then), branch("else_branch", otherwise)];
  return makeNode("If", [condition], [output], { attributes });
}

/** Whether a tensor has `wide` columns. */
const isWide = (tensor: string, wide: string, name: string): NodeProto[] => [
  makeNode("Shape", [tensor], [`${name}_shape`]),
  makeNode("Gather", [`${name}_shape`, "one"], [`${name}_columns`]),
  makeNode("Equal", [`${name}_columns`, wide], [name]),
];

function model(
  nodes: readonly NodeProto[],
  others: Parameters<typeof portInfo>[0][] = [],
  outputs = ["y"],
): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [2, "n"]), ...others.map(portInfo)],
    outputs,
    nodes,
    constants: {
      ...{ one: scalar("int64", 1), six: scalar("int64", 6), twelve: scalar("int64", 12), w: noise([6, 4], 3) },
      ...{ last: vector("int64", [6]) },
    },
  });
}

const multiplied = [makeNode("MatMul", ["x", "w"], ["product"])];
const negated = [makeNode("Neg", ["x"], ["n"])];
const ifs = (given: ModelProto) => [...allNodes(graphOf(given))].filter(({ opType }) => opType === "If").length;
const prepare = (
  given: ModelProto,
  shapes: Readonly<Record<string, readonly number[]>>,
  held = new Map<string, Tensor>(),
) => prepareModel(given, (each) => run(each), ORT.opset, { held, shapes: new Map(Object.entries(shapes)) });

const COUNT = { name: "count", type: "int64", dims: [] } as const;
const STATE = { name: "state", type: "float32", dims: [2, "n"] } as const;

describe("an If that the shape of an input decides", () => {
  const decided = ifNode("wide", "y", multiplied, negated);
  it.each<[string, ModelProto, Readonly<Record<string, readonly number[]>>, readonly string[], number]>([
    ["its own", model([...isWide("x", "six", "wide"), decided]), { x: [2, 6] }, ["x"], 0],
    ["another that is not", model([...isWide("x", "six", "wide"), decided]), {}, [], 1],
    [
      "that of one input beside an integer",
      model([...isWide("x", "six", "wide"), decided, makeNode("Neg", ["count"], ["c"])], [COUNT], ["y", "c"]),
      { x: [2, 6] },
      ["x"],
      0,
    ],
    [
      "that of what is made of it",
      model([makeNode("Exp", ["x"], ["e"]), ...isWide("e", "six", "wide"), decided]),
      { x: [2, 6] },
      ["x"],
      0,
    ],
    [
      "that of what is made of two",
      model(
        [
          makeNode("Concat", ["x", "state"], ["both"], { attributes: [intAttribute("axis", 1)] }),
          ...isWide("both", "twelve", "wide"),
          decided,
        ],
        [STATE],
      ),
      { x: [2, 6], state: [2, 6] },
      ["x", "state"],
      0,
    ],
    [
      "that of one of two",
      model([...isWide("x", "six", "wide"), decided, makeNode("Neg", ["state"], ["c"])], [STATE], ["y", "c"]),
      { x: [2, 6], state: [2, 6] },
      ["x"],
      0,
    ],
    [
      "its size",
      model([makeNode("Size", ["x"], ["size"]), makeNode("Equal", ["size", "twelve"], ["wide"]), decided]),
      { x: [2, 6] },
      ["x"],
      0,
    ],
    [
      "the end of it",
      model([
        makeNode("Shape", ["x"], ["end"], { attributes: [intAttribute("start", -1)] }),
        makeNode("Equal", ["end", "last"], ["wide"]),
        decided,
      ]),
      { x: [2, 6] },
      ["x"],
      0,
    ],
    [
      "its own, asked for inside the branch of another",
      model([
        ...isWide("x", "six", "wide"),
        ifNode("wide", "y", [...isWide("x", "twelve", "wider"), ifNode("wider", "z", negated, multiplied)], negated),
      ]),
      { x: [2, 6] },
      ["x"],
      0,
    ],
  ])("has the branch taken in its place where it is known: %s", async (_, given, shapes, shaped, left) => {
    const prepared = await prepare(given, shapes);
    expect(prepared.shaped).toEqual(shaped);
    expect(prepared.decided).toEqual([]);
    expect(ifs(prepared.folded)).toBe(left);
    expect(prepared.generation).toBe(left === 0 ? 2 : 1);
    const ports = inputPorts(given).map((port) => (shaped.includes(port.name) ? { ...port, dims: [2, 6] } : port));
    const feeds = new Map(
      ports.map(({ name, type }) => [name, type === "int64" ? scalar("int64", 3) : noise([2, 6], name.length)]),
    );
    const float = await run(given, feeds);
    for (const form of [prepared.observed, prepared.folded]) {
      expect(inputPorts(form)).toEqual(ports);
      expect(await run(form, feeds)).toEqual(float);
    }
  });

  it("takes the other branch where the shape is another", async () => {
    const { folded } = await prepare(model([...isWide("x", "six", "wide"), decided]), { x: [2, 5] });
    expect(graphOf(folded).node.map(({ opType }) => opType)).toEqual(["Neg"]);
  });

  it("is decided with the value of a held input where it takes both", async () => {
    const given = model(
      [
        ...isWide("x", "six", "wide"),
        makeNode("Equal", ["count", "one"], ["isOne"]),
        makeNode("And", ["wide", "isOne"], ["both"]),
        ifNode("both", "y", multiplied, negated),
      ],
      [COUNT],
    );
    const held = new Map([["count", scalar("int64", 1)]]);
    expect(ifs((await prepare(given, { x: [2, 6] })).folded)).toBe(1);
    const { folded, decided: values, shaped } = await prepare(given, { x: [2, 6] }, held);
    expect([ifs(folded), values, shaped]).toEqual([0, ["count"], ["x"]]);
  });

  it("decides nothing, and stays open, where data decides", async () => {
    const given = model([
      makeNode("Shape", ["x"], ["shape"]),
      makeNode("Cast", ["shape"], ["sizes"], { attributes: [intAttribute("to", 1)] }),
      makeNode("ReduceMax", ["x"], ["most"], { attributes: [intAttribute("keepdims", 0)] }),
      makeNode("Greater", ["most", "sizes"], ["more"]),
      makeNode("Gather", ["more", "one"], ["wide"]),
      decided,
    ]);
    const prepared = await prepare(given, { x: [2, 6] });
    expect([ifs(prepared.folded), prepared.shaped]).toEqual([1, []]);
    expect(inputPorts(prepared.folded)).toEqual(inputPorts(given));
    expect(graphOf(prepared.folded).node.map(({ opType }) => opType)).toContain("Shape");
  });
});
