import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../model/tensor.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode, stringAttribute } from "../../onnx/attributes.ts";
import type { AttributeProto, NodeProto } from "../../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../../onnx/tensor.ts";
import { buildModel, noise } from "../../onnx/testing/build.ts";
import { relativeDifference, run } from "../testing/native.ts";
import { arithmeticOf } from "./index.ts";

const node = (op: string, inputs: readonly string[], ...attributes: AttributeProto[]) =>
  makeNode(op, inputs, ["y"], { attributes });

type Constants = Readonly<Record<string, Tensor>>;

const inputsOf = ({ input }: NodeProto, constants: Constants) => input.map((name) => (name ? constants[name]! : null));
const ours = (each: NodeProto, constants: Constants) => arithmeticOf(each)!.compute(each, inputsOf(each, constants));

async function theirs(each: NodeProto, constants: Constants, opset = 17): Promise<Tensor> {
  const model = buildModel({ opset, outputs: ["y"], nodes: [each], constants });
  return (await run(model, new Map(), false)).get("y")!;
}

/** float32 sums of a few dozen terms. */
const CLOSE = 2e-6;

const a = noise([4, 3, 5]);
const positive: Tensor = { ...a, data: (a.data as Float32Array).map((value) => Math.abs(value) + 0.5) };
const ints = (values: readonly number[]) => vector("int64", values);
const norm = { s: noise([3], 7), b: noise([3], 8), m: noise([3], 9), v: vector("float32", [0.5, 1, 2]) };

const cases: readonly [string, NodeProto, Constants][] = [
  ["ReduceSum", node("ReduceSum", ["a", "i"], intAttribute("keepdims", 0)), { a, i: ints([-1, 0]) }],
  ["ReduceSum of all", node("ReduceSum", ["a"]), { a }],
  ["ReduceSum of none", node("ReduceSum", ["a"], intAttribute("noop_with_empty_axes", 1)), { a }],
  ["ReduceMean", node("ReduceMean", ["a"], intsAttribute("axes", [1, 2])), { a }],
  ["ReduceL1", node("ReduceL1", ["a"], intsAttribute("axes", [-2])), { a }],
  ["ReduceL2", node("ReduceL2", ["a"], intsAttribute("axes", [1, 2]), intAttribute("keepdims", 1)), { a }],
  ["ReduceSumSquare", node("ReduceSumSquare", ["a"], intAttribute("keepdims", 0)), { a }],
  ["ReduceProd", node("ReduceProd", ["a"], intsAttribute("axes", [0])), { a }],
  ["a square", node("Pow", ["a", "e"]), { a, e: scalar("float32", 2) }],
  ["a cube, with an exponent of integers", node("Pow", ["a", "e"]), { a, e: ints([3]) }],
  ["a root", node("Pow", ["a", "e"]), { a: positive, e: scalar("float32", 0.5) }],
  [
    "an inverse root",
    node("Pow", ["a", "e"]),
    { a: positive, e: { ...vector("float32", [-0.5]), dims: [1, 1, 1, 1] } },
  ],
  ["an inverse", node("Pow", ["a", "e"]), { a: positive, e: scalar("float32", -1) }],
  ["a power of 0", node("Pow", ["a", "e"]), { a, e: scalar("float32", 0) }],
  ["Reciprocal", node("Reciprocal", ["a"]), { a: positive }],
  ["Sum", node("Sum", ["a", "b", "c"]), { a, b: noise([5], 2), c: noise([4, 1, 1], 3) }],
  ["Mean", node("Mean", ["a", "b"]), { a, b: noise([3, 1], 2) }],
  ["MatMul", node("MatMul", ["a", "b"]), { a: noise([4, 6]), b: noise([6, 5], 2) }],
  ["MatMul of batches", node("MatMul", ["a", "b"]), { a: noise([2, 1, 4, 6]), b: noise([3, 6, 5], 2) }],
  ["MatMul of two vectors", node("MatMul", ["a", "b"]), { a: noise([6]), b: noise([6], 2) }],
  ["MatMul of a vector", node("MatMul", ["a", "b"]), { a: noise([6]), b: noise([2, 6, 3], 2) }],
  ["MatMul by a vector", node("MatMul", ["a", "b"]), { a: noise([2, 3, 6]), b: noise([6], 2) }],
  ["Gemm", node("Gemm", ["a", "b"]), { a: noise([4, 6]), b: noise([6, 5], 2) }],
  [
    "Gemm with everything",
    node(
      "Gemm",
      ["a", "b", "c"],
      ...[intAttribute("transA", 1), intAttribute("transB", 1)],
      ...[floatAttribute("alpha", 0.5), floatAttribute("beta", -3)],
    ),
    { a: noise([6, 4]), b: noise([5, 6], 2), c: noise([4, 1], 3) },
  ],
  ["Gemm with a row", node("Gemm", ["a", "b", "c"]), { a: noise([4, 6]), b: noise([6, 5], 2), c: noise([5], 3) }],
  ["Einsum", node("Einsum", ["a", "b"], stringAttribute("equation", "bij, jk -> bki")), { a, b: noise([5, 2], 2) }],
  [
    "Einsum of three",
    node("Einsum", ["a", "b", "c"], stringAttribute("equation", "ij,jk,kl->il")),
    { a: noise([2, 3]), b: noise([3, 4], 2), c: noise([4, 2], 3) },
  ],
  [
    "Einsum without a result",
    node("Einsum", ["a", "b"], stringAttribute("equation", "zj,ja")),
    { a: noise([2, 3]), b: noise([3, 4], 2) },
  ],
  ["Einsum of a trace", node("Einsum", ["a"], stringAttribute("equation", "ii->")), { a: noise([3, 3]) }],
  [
    "InstanceNormalization",
    node("InstanceNormalization", ["a", "s", "b"], floatAttribute("epsilon", 1e-3)),
    { a, ...norm },
  ],
  ["BatchNormalization", node("BatchNormalization", ["a", "s", "b", "m", "v"]), { a, ...norm }],
  [
    "BatchNormalization in training",
    node("BatchNormalization", ["a", "s", "b", "m", "v"], intAttribute("training_mode", 1)),
    { a, ...norm },
  ],
];

describe("our arithmetic", () => {
  it.each(cases)("gives what ONNX Runtime does, to float32 rounding: %s", async (name, each, constants) => {
    // ONNX Runtime wants all outputs of a training BatchNormalization.
    const asked = name.includes("training")
      ? makeNode(each.opType, each.input, ["y", "p", "q"], { attributes: each.attribute })
      : each;
    const [own, expected] = [ours(each, constants), await theirs(asked, constants)];
    expect([own?.type, own?.dims]).toEqual([expected.type, expected.dims]);
    expect(relativeDifference(expected, own as Tensor)).toBeLessThan(CLOSE);
  });

  it("rounds once", () => {
    const data = vector("float32", [1, 2 ** -25, 2 ** -25, -1]);
    expect(ours(node("ReduceSum", ["a"], intAttribute("keepdims", 0)), { a: data })?.data[0]).toBe(2 ** -24);
    const wide: Tensor = { type: "float64", dims: [2], data: Float64Array.of(1, 2 ** -40) };
    expect(ours(node("ReduceSum", ["a"]), { a: wide })?.data).toEqual(Float64Array.of(1 + 2 ** -40));
  });

  it.each([
    ["integers", node("MatMul", ["a", "b"]), { a: { ...ints([1]), dims: [1, 1] }, b: { ...ints([1]), dims: [1, 1] } }],
    ["a power that takes a logarithm", node("Pow", ["a", "e"]), { a, e: scalar("float32", 1.5) }],
    ["powers by element", node("Pow", ["a", "e"]), { a, e: noise([5]) }],
    ["shapes that do not fit", node("MatMul", ["a", "b"]), { a, b: noise([4, 2]) }],
    ["an ellipsis", node("Einsum", ["a"], stringAttribute("equation", "...i->...")), { a }],
    ["axes that do not fit", node("Einsum", ["a"], stringAttribute("equation", "ij->i")), { a }],
  ] as [string, NodeProto, Constants][])("leaves %s", (_, each, constants) => {
    expect(ours(each, constants)).toBeNull();
  });

  it("is not for operators of other domains, nor those that take functions engines differ in", () => {
    for (const op of ["Exp", "Log", "Softmax", "Tanh", "Sigmoid", "Erf"])
      expect(arithmeticOf(node(op, ["a"]))).toBeUndefined();
    expect(arithmeticOf(makeNode("MatMul", ["a", "b"], ["y"], { domain: "com.microsoft" }))).toBeUndefined();
    expect(arithmeticOf(node("constructor", ["a"]))).toBeUndefined();
  });

  it("reduces any axes of any shape", async () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    const chosen = fc.tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        chosen,
        fc.constantFrom("ReduceSum", "ReduceMean", "ReduceL2"),
        async ([dims, which, keeps], op) => {
          const axes = dims.flatMap((_, axis) => (which[axis] ? [axis - (axis % 2 ? dims.length : 0)] : []));
          const each = node(op, ["a", "i"], intAttribute("keepdims", keeps ? 1 : 0));
          const constants = { a: noise(dims, 3), i: { ...ints(axes), dims: [axes.length] } };
          const [own, expected] = [ours(each, constants), await theirs(each, constants, 18)];
          expect(own?.dims).toEqual(expected.dims);
          expect(relativeDifference(expected, own as Tensor)).toBeLessThan(CLOSE);
        },
      ),
      { numRuns: 60 },
    );
  });
});
