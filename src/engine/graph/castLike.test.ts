import { expect, it } from "vitest";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { castsLike } from "./castLike.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { run } from "./testing/native.ts";

const model = (nodes: readonly NodeProto[]) =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [2, 3]), portInfo({ name: "n", type: "int64", dims: [] })],
    outputs: ["y"],
    nodes,
    constants: { half: scalar("float64", 0.5), two: scalar("int64", 2), w: noise([3, 3], 2) },
  });

const feeds = () =>
  new Map([
    ["x", noise([2, 3], 3)],
    ["n", scalar("int64", 3)],
  ]);

/** What onnxscript's functions are full of: numbers cast like what they are added to. */
const SCRIPT = [
  makeNode("Relu", ["x"], ["r"]),
  makeNode("CastLike", ["two", "r"], ["twoLike"]),
  makeNode("Mul", ["r", "twoLike"], ["m"]),
  makeNode("CastLike", ["half", "m"], ["halfLike"]),
  makeNode("Add", ["m", "halfLike"], ["a"]),
  makeNode("CastLike", ["a", "w"], ["same"], { name: "same" }),
  makeNode("MatMul", ["same", "w"], ["y"]),
];

it("makes constants of numbers that are cast like activations", async () => {
  const given = model(SCRIPT);
  const { folded } = await prepareModel(given, (each) => run(each), ORT.opset);
  expect(graphOf(folded).node.map(({ opType }) => opType)).toEqual(["Relu", "Mul", "Add", "MatMul"]);
  expect(await run(folded, feeds())).toEqual(await run(given, feeds()));
});

it.each<readonly [string, readonly NodeProto[], readonly string[]]>([
  [
    "an integer of the caller's",
    [makeNode("CastLike", ["n", "x"], ["f"]), makeNode("Mul", ["x", "f"], ["y"])],
    ["Cast", "Mul"],
  ],
  [
    "a size",
    [
      makeNode("Size", ["x"], ["s"]),
      makeNode("CastLike", ["s", "half"], ["f"]),
      makeNode("Cast", ["x"], ["d"], { attributes: [intAttribute("to", Code.DOUBLE)] }),
      makeNode("Mul", ["d", "f"], ["y"]),
    ],
    ["Size", "Cast", "Cast", "Mul"],
  ],
  [
    "of what is unknown",
    [makeNode("RandomNormalLike", ["x"], ["h"]), makeNode("CastLike", ["x", "h"], ["y"])],
    ["RandomNormalLike", "CastLike"],
  ],
])("casts %s to the type it is to have", async (_, nodes, operators) => {
  const given = model(nodes);
  const { model: cast } = castsLike(given);
  expect(graphOf(cast).node.map(({ opType }) => opType)).toEqual(operators);
  expect(await run(cast, feeds())).toEqual(await run(given, feeds()));
});

it("leaves a model without any alone", () => {
  const given = model([makeNode("Relu", ["x"], ["y"])]);
  expect(castsLike(given).model).toBe(given);
});
