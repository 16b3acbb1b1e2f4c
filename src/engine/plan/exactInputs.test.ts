import { expect, test } from "vitest";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { exactInputs } from "./exactInputs.ts";
import { FLOAT16 } from "./shortFloat.ts";

const toInteger = (input: string) =>
  makeNode("Cast", [input], ["ids"], { attributes: [intAttribute("to", Code.INT64)] });

function exactOf(nodes: readonly NodeProto[], inputs: readonly string[]) {
  const model = buildModel({
    opset: 13,
    inputs: inputs.map((name) => floatInput(name, [4])),
    outputs: ["ids"],
    nodes: [...nodes],
  });
  return exactInputs(model.graph!, new Map(inputs.map((name) => [name, Code.FLOAT])), FLOAT16);
}

test("what a Cast to an integer reads is followed over a chain of any length", () => {
  const length = 20_000;
  const chain = Array.from({ length }, (_, at) => makeNode("Identity", [at ? `t${at}` : "x"], [`t${at + 1}`]));
  const { inputs, layers } = exactOf([...chain, toInteger(`t${length}`)], ["x", "other"]);
  expect([...inputs]).toEqual([["x", { code: "counts" }]]);
  expect(layers.size).toBe(length);
});

test("both inputs of what is joined again and again are followed, each layer once", () => {
  const steps = 60;
  const doubled = Array.from({ length: steps }, (_, at) =>
    makeNode("Add", [at ? `t${at}` : "x", at ? `t${at}` : "y"], [`t${at + 1}`]),
  );
  const { inputs, layers } = exactOf([...doubled, toInteger(`t${steps}`)], ["x", "y"]);
  expect(new Set(inputs.keys())).toEqual(new Set(["x", "y"]));
  expect(layers.size).toBe(steps);
});
