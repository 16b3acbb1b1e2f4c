import { expect, it } from "vitest";
import { run } from "../graph/testing/native.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { constantsFirst } from "./constantsFirst.ts";

const given = buildModel({
  opset: 13,
  inputs: [floatInput("x", [1, 3])],
  outputs: ["y"],
  nodes: [
    makeNode("Relu", ["x"], ["a"]),
    makeNode("DequantizeLinear", ["codes", "scale", "zero"], ["w"]),
    makeNode("Mul", ["a", "w"], ["b"]),
    makeNode("DequantizeLinear", ["others", "scale"], ["v"]),
    makeNode("Neg", ["v"], ["u"]),
    makeNode("RandomNormalLike", ["b"], ["r"]),
    makeNode("Mul", ["b", "u"], ["c"]),
    makeNode("Sub", ["r", "r"], ["nothing"]),
    makeNode("Add", ["c", "nothing"], ["y"]),
  ],
  constants: {
    codes: { type: "int8", dims: [1, 3], data: Int8Array.of(3, -7, 100) },
    others: { type: "int8", dims: [1, 3], data: Int8Array.of(-9, 2, 5) },
    scale: { type: "float32", dims: [], data: Float32Array.of(0.5) },
    zero: { type: "int8", dims: [], data: Int8Array.of(1) },
  },
});

it("puts what is computed of constants alone before the rest, in the order that it had, and changes no result", async () => {
  const ordered = constantsFirst(given);
  const outputs = ordered.graph!.node.map(({ output }) => output[0]);
  expect(outputs).toEqual(["w", "v", "u", "a", "b", "r", "c", "nothing", "y"]);
  const feeds = new Map([["x", noise([1, 3], 3)]]);
  expect(await run(ordered, feeds)).toEqual(await run(given, feeds));
  expect(constantsFirst(ordered)).toBe(ordered);
});

it("leaves what reads a constant that a caller may give in its place", () => {
  const { graph } = given;
  const open = { ...given, graph: { ...graph!, input: [...graph!.input, floatInput("scale", [])] } };
  expect(constantsFirst(open)).toBe(open);
});
