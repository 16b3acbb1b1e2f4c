import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
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
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { run } from "./testing/native.ts";

function branch(name: string, nodes: readonly NodeProto[], output: string) {
  const g = create(GraphProtoSchema, {
    name,
    node: [...nodes],
    output: [create(ValueInfoProtoSchema, { name: output })],
  });
  return create(AttributeProtoSchema, { name, g, type: AttributeProto_AttributeType.GRAPH });
}

const ifNode = (condition: string, output: string, then: readonly NodeProto[], otherwise: readonly NodeProto[]) =>
  makeNode("If", [condition], [output], {
    attributes: [
      branch("then_branch", then, then.at(-1)!.output[0]!),
      branch("else_branch", otherwise, otherwise.at(-1)!.output[0]!),
    ],
  });

/** y by the rate, and within it by the mode; z by the mean of x. */
function model(): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [
      floatInput("x", [2, 3]),
      portInfo({ name: "rate", type: "int64", dims: [] }),
      portInfo({ name: "mode", type: "bool", dims: [] }),
      floatInput("gain", [1]),
    ],
    outputs: ["y", "z", "times"],
    constants: { fast: scalar("int64", 16000), none: scalar("float32", 0), steps: scalar("int64", 2) },
    nodes: [
      makeNode("Equal", ["rate", "fast"], ["isFast"]),
      makeNode("Mul", ["rate", "steps"], ["times"]),
      ifNode(
        "isFast",
        "y",
        [
          ifNode("mode", "inner", [makeNode("Neg", ["x"], ["n"], { name: "last" })], [makeNode("Relu", ["x"], ["r"])]),
          makeNode("Mul", ["inner", "gain"], ["scaled"]),
        ],
        [makeNode("Tanh", ["x"], ["t"])],
      ),
      makeNode("ReduceMean", ["x"], ["mean"]),
      makeNode("Mul", ["mean", "gain"], ["weighed"]),
      makeNode("Greater", ["weighed", "none"], ["above"]),
      makeNode("Squeeze", ["above"], ["isAbove"], { name: "last" }),
      ifNode("isAbove", "z", [makeNode("Exp", ["x"], ["e"])], [makeNode("Abs", ["x"], ["a"])]),
    ],
  });
}

const HELD: Readonly<Record<string, Tensor>> = {
  rate: scalar("int64", 16000),
  mode: scalar("bool", 1),
  gain: { ...noise([1]), data: Float32Array.of(0.5) },
};

const held = (...names: readonly string[]): TensorMap => new Map(names.map((name) => [name, HELD[name]!]));
const prepare = (names: readonly string[]) =>
  prepareModel(model(), (each) => run(each), ORT.opset, { held: held(...names) });
const ifs = (given: ModelProto) => [...allNodes(graphOf(given))].filter(({ opType }) => opType === "If").length;

describe("held inputs", () => {
  it.each<readonly [held: readonly string[], decided: readonly string[], left: number]>([
    [[], [], 3],
    [["rate"], ["rate"], 2],
    [["mode"], ["mode"], 2],
    [["rate", "mode"], ["rate", "mode"], 1],
    [["mode", "gain", "rate"], ["rate", "mode"], 1],
    [["gain"], [], 3],
  ])("%s: %s decide, and %i Ifs stay", async (names, decided, left) => {
    const prepared = await prepare(names);
    expect([...prepared.decided].sort()).toEqual([...decided].sort());
    expect(ifs(prepared.folded)).toBe(left);
    expect(inputPorts(prepared.folded)).toEqual(inputPorts(model()));
    expect(inputPorts(prepared.observed)).toEqual(inputPorts(model()));
    const feeds = new Map([["x", noise([2, 3], 4)], ...held("rate", "mode", "gain")]);
    const float = await run(model(), feeds);
    for (const form of [prepared.observed, prepared.folded]) expect(await run(form, feeds)).toEqual(float);
  });

  it("are read as they are where they decide nothing", async () => {
    const [without, withGain] = [await prepare([]), await prepare(["gain"])];
    expect(withGain.folded).toEqual(without.folded);
  });

  it("are constants wherever they are read once they decide", async () => {
    const { folded } = await prepare(["rate", "mode"]);
    const feeds = new Map([
      ["x", noise([2, 3], 4)],
      ...held("gain"),
      ["rate", scalar("int64", 8000)],
      ["mode", scalar("bool", 0)],
    ]);
    const fed = new Map([...feeds, ...held("rate", "mode")]);
    expect(await run(folded, feeds as TensorMap)).toEqual(await run(model(), fed as TensorMap));
  });
});
