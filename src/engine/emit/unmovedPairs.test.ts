import { describe, expect, it } from "vitest";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { tryOut } from "./testing/trial.ts";

const INT8 = { activations: { type: "int8", symmetric: true } } as const;

/** A product and a sum, as a Linear layer has them, of an input of more than two dimensions; and `nodes` between it and the next. */
const model = (opset: number, bias: readonly number[] = [6], nodes: readonly NodeProto[] = []) =>
  buildModel({
    opset,
    inputs: [floatInput("x", [2, 4, 6])],
    outputs: ["out"],
    nodes: [
      makeNode("MatMul", ["x", "m"], ["a"], { name: "product" }),
      makeNode("Add", ["a", "c"], ["b"], { name: "sum" }),
      ...nodes,
      makeNode("MatMul", [nodes.at(-1)?.output[0] ?? "b", "m2"], ["out"], { name: "last" }),
    ],
    constants: { m: noise([6, 6], 1), c: noise(bias, 2), m2: noise([6, 6], 3), shape: vector("int64", [2, 4, 6]) },
  });

describe("int8 activations from opset 21 on", () => {
  it.each([
    ["qdq", {}],
    ["qoperator", { format: "qoperator" }],
    ["for TensorRT", { target: "tensorrt", elementwise: "join" }],
    ["one scale a tensor", { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } }],
    ["int4", { weights: { type: "int4", granularity: "channel", rounding: "nearest" } }],
    ["the layer in float", { float: { layers: ["product"] } }],
  ] as const)("a Linear layer of three dimensions loads, and gives what it gives below: %s", async (_, choices) => {
    const older = await tryOut(model(20), { ...INT8, ...choices });
    const newer = await tryOut(model(21), { ...INT8, ...choices });
    expect(newer.outputs).toEqual(older.outputs);
    expect(newer.sqnr.out!.optimized).toBeGreaterThan(older.sqnr.out!.literal - 1);
  });

  it.each([
    ["a vector", [6], [6]],
    ["a matrix", [4, 6], [4, 6]],
  ])(
    "leaves the sum of a product of %s as it is, of which the result has as many dimensions",
    async (_, dims, made) => {
      const linear = buildModel({
        opset: 21,
        inputs: [floatInput("x", dims)],
        outputs: ["out"],
        nodes: [
          makeNode("MatMul", ["x", "m"], ["a"], { name: "product" }),
          makeNode("Add", ["a", "c"], ["out"], { name: "sum" }),
        ],
        constants: { m: noise([6, 6], 1), c: noise([6], 2) },
      });
      const { outputs, sqnr } = await tryOut(linear, INT8);
      expect(outputs.get("out")!.dims).toEqual(made);
      expect(sqnr.out!.optimized).toBeGreaterThan(30);
    },
  );

  it("leaves a bias that another layer or the caller reads what it was", async () => {
    const shared = buildModel({
      opset: 21,
      inputs: [floatInput("x", [2, 4, 6])],
      outputs: ["out", "also"],
      nodes: [
        makeNode("MatMul", ["x", "m"], ["a"], { name: "product" }),
        makeNode("Add", ["a", "c"], ["out"], { name: "sum" }),
        makeNode("Exp", ["c"], ["also"], { name: "other" }),
      ],
      constants: { m: noise([6, 6], 1), c: noise([6], 2) },
    });
    const { outputs } = await tryOut(shared, { ...INT8, float: { layers: ["product"] } });
    expect([outputs.get("out")!.dims, outputs.get("also")!.dims]).toEqual([[2, 4, 6], [6]]);
  });

  it("keeps a sum that a person has given a row to, and biases of unsigned activations", async () => {
    const rowed = await tryOut(model(21, [1, 6]), INT8);
    expect(rowed.model.graph!.node.filter(({ opType }) => opType === "Sum")).toEqual([]);
    const unsigned = await tryOut(model(21), {});
    const dims = unsigned.model.graph!.initializer.filter(({ name }) => name.startsWith("c")).map(dimsOf);
    expect(dims.some((each) => each.length === 2)).toBe(false);
  });

  it.each([
    makeNode("Transpose", ["b"], ["t"], { name: "moves", attributes: [intsAttribute("perm", [0, 1, 2])] }),
    makeNode("Reshape", ["b", "shape"], ["t"], { name: "moves" }),
  ])("a layer in float that only moves what is rounded loads too: $opType", async (moves) => {
    const erf = makeNode("Erf", ["t"], ["e"], { name: "erf" });
    const choices = { ...INT8, target: "integer-only", elementwise: "join", float: { layers: ["moves"] } } as const;
    const { sqnr } = await tryOut(model(21, [6], [moves, erf]), choices);
    expect(sqnr.out!.optimized).toBeGreaterThan(20);
  });

  it("a layer in float that moves what is rounded to where the caller alone reads it loads too", async () => {
    const graph = buildModel({
      opset: 21,
      inputs: [floatInput("x", [1, 4, 6, 6])],
      outputs: ["out", "seen"],
      nodes: [
        makeNode("Conv", ["x", "w"], ["a"], { name: "first" }),
        makeNode("MaxPool", ["a"], ["seen"], { name: "pool", attributes: [intsAttribute("kernel_shape", [2, 2])] }),
        makeNode("Conv", ["a", "w"], ["out"], { name: "last" }),
      ],
      constants: { w: noise([4, 4, 1, 1], 1) },
    });
    const { sqnr } = await tryOut(graph, { ...INT8, format: "qoperator", float: { layers: ["pool"] } });
    expect(sqnr.seen!.optimized).toBeGreaterThan(30);
  });
});
