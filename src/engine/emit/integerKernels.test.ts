import { describe, expect, it } from "vitest";
import { prepareModel } from "../graph/prepare.ts";
import { optimizedOperators, run } from "../graph/testing/native.ts";
import { settledCase } from "../job/testing/settledCase.ts";
import type { Tensor } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { floatAttribute, intAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { floatKernels } from "../plan/kernels.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared } from "../testing/shared.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const N = 8;
const node = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: ReturnType<typeof intAttribute>[] = [],
) => makeNode(opType, inputs, [output], { name: output, attributes });
const end = [node("Relu", ["a"], "r"), node("MatMul", ["r", "v"], "out")];

function model(nodes: readonly NodeProto[], bias: Tensor | null, dims: readonly number[] = [4, 16]) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", dims)],
    outputs: ["out"],
    nodes,
    constants: { w: noise([16, N], 5), v: noise([N, 6], 6), c: noise([6], 3), ...(bias && { b: bias }) },
  });
}

const gemm = (bias: Tensor | null, attributes: ReturnType<typeof intAttribute>[] = [], dims?: readonly number[]) =>
  model([node("Gemm", bias ? ["x", "w", "b"] : ["x", "w"], "a", attributes), ...end], bias, dims);
const dense = (bias: Tensor, dims?: readonly number[], add: readonly string[] = ["m", "b"]) =>
  model([node("MatMul", ["x", "w"], "m"), node("Add", add, "a"), ...end], bias, dims);

const head = (operator: string, inputs: readonly string[]) => [node(operator, inputs, "m"), node("Relu", ["m"], "t")];
const floatEnd = [node("Sin", ["e"], "a"), node("MatMul", ["a", "v"], "out")];
const floatTail = [node("Exp", ["t"], "e"), ...floatEnd];

const FLOAT = ["Gemm", "MatMul", "FusedGemm", "FusedMatMul", "Conv", "FusedConv", "Add"];

/** How many layers the plan calls integer, and the kernels that multiply in float, once prepared and written. */
async function kernels(float: ReturnType<typeof gemm>, choices: Parameters<typeof tryOut>[1] = {}) {
  const prepared = await prepareModel(float, (part) => run(part), ORT.opset);
  const trial = await tryOut(prepared.folded, choices);
  const operators = await optimizedOperators(trial.model);
  const multiplied = trial.plan.layers.filter(
    ({ descriptor, reason }) => descriptor?.kind === "weighted" && reason === null,
  );
  return {
    integer: multiplied.length,
    float: operators.filter((operator) => FLOAT.includes(operator)),
    sqnr: leastSqnr(trial),
  };
}

describe("layers that a plan calls integer", () => {
  it.each([
    ["Gemm without bias", gemm(null)],
    ["Gemm", gemm(noise([N]))],
    ["Gemm with a bias of one row", gemm(noise([1, N]))],
    ["Gemm with a bias of one value", gemm(noise([1]))],
    ["Gemm with a scalar bias", gemm(scalar("float32", 0.5))],
    ["Gemm with alpha", gemm(noise([N]), [floatAttribute("alpha", 0.5)])],
    ["Gemm with beta", gemm(noise([1, N]), [floatAttribute("beta", -2)])],
    [
      "Gemm with beta 0 and a bias that is not finite",
      gemm(vector("float32", [1, 2, 3, 4, 5, 6, 7, Infinity]), [floatAttribute("beta", 0)]),
    ],
    [
      "Gemm and a clamp with one reader that is float",
      model([...head("Gemm", ["x", "w", "b"]), ...floatTail], noise([N])),
    ],
    ["MatMul and a clamp with one reader that is float", model([...head("MatMul", ["x", "w"]), ...floatTail], null)],
    [
      "Gemm and two clamps",
      model(
        [...head("Gemm", ["x", "w", "b"]), node("Clip", ["t"], "t2"), node("Exp", ["t2"], "e"), ...floatEnd],
        noise([N]),
      ),
    ],
    [
      "Gemm and a clamp with two readers",
      model(
        [
          ...head("Gemm", ["x", "w", "b"]),
          node("Exp", ["t"], "e"),
          node("Sin", ["t"], "s"),
          node("Mul", ["e", "s"], "a"),
          node("MatMul", ["a", "v"], "out"),
        ],
        noise([N]),
      ),
    ],
    [
      "MatMul and Add of one value, whose result is read in float",
      model(
        [
          node("MatMul", ["x", "w"], "m"),
          node("Add", ["m", "b"], "t"),
          node("Sin", ["t"], "a"),
          node("MatMul", ["a", "v"], "out"),
        ],
        noise([1]),
      ),
    ],
    ["Gemm with a transposed input", gemm(noise([N]), [intAttribute("transA", 1)], [16, 4])],
    ["MatMul and Add", dense(noise([N]))],
    ["MatMul and Add, the bias first", dense(noise([N]), [4, 16], ["b", "m"])],
    ["MatMul and Add of sequences", dense(noise([N]), [2, 4, 16])],
    ["MatMul and Add of one row", dense(noise([1, N]))],
    ["MatMul and Add of one value", dense(noise([1]))],
    [
      "MatMul and Add at the end",
      model(
        [
          node("MatMul", ["x", "w"], "m"),
          node("Add", ["m", "b"], "a"),
          node("MatMul", ["a", "v"], "n"),
          node("Add", ["n", "c"], "out"),
        ],
        noise([N]),
      ),
    ],
  ])("have an integer kernel: %s", async (_, float) => {
    const found = await kernels(float);
    expect(found.integer).toBe(2);
    expect(found.float).toEqual([]);
    expect(found.sqnr).toBeGreaterThan(30);
  });

  it.each<[string, ReturnType<typeof gemm>, number, number]>([
    ["the same for every row", dense(noise([1, N])), 0, 2],
    ["one value", dense(noise([1, 1])), 0, 2],
    ["another for each row", dense(noise([4, N])), 1, 2],
    ["one for each row", dense(noise([4, 1])), 1, 2],
    [
      "an activation",
      model(
        [
          node("Sin", ["x"], "s"),
          node("MatMul", ["s", "w"], "m"),
          node("MatMul", ["x", "w"], "n"),
          node("Add", ["n", "m"], "a"),
          ...end,
        ],
        null,
      ),
      0,
      3,
    ],
  ])("have an integer kernel where what is added to a product stays in float: %s", async (_, float, sums, integer) => {
    const found = await kernels(float, { elementwise: "float" });
    expect(found).toMatchObject({ integer, float: Array(sums).fill("Add") });
    expect(found.sqnr).toBeGreaterThan(30);
  });

  it.each([
    ["MatMul", [node("MatMul", ["w", "x"], "a"), ...end]],
    ["MatMul of two matrices", [node("MatMul", ["w3", "x"], "a"), ...end]],
    ["Gemm", [node("Gemm", ["w", "x"], "a"), ...end]],
    ["MatMul whose result is read in float", [node("MatMul", ["w", "x"], "e"), ...floatEnd]],
    ["MatMul and Add", [node("MatMul", ["w", "x"], "m"), node("Add", ["m", "b"], "a"), ...end]],
  ])("are told from those that are computed in float as their weight comes first: %s", async (_, nodes) => {
    const float = buildModel({
      opset: 17,
      inputs: [floatInput("x", [16, N])],
      outputs: ["out"],
      nodes,
      constants: {
        ...{ w: noise([4, 16], 5), w3: noise([2, 4, 16], 7) },
        ...{ v: noise([N, 6], 6), b: noise([N]) },
      },
    });
    const trial = await tryOut(float, {});
    const first = nodes[0]!.name;
    expect(floatKernels(trial.plan).filter((id) => id !== "r")).toEqual([first]);
    const operators = await optimizedOperators(trial.model);
    expect(operators.filter((operator) => FLOAT.includes(operator))).toHaveLength(1);
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it.each([
    ["a bias for each row", gemm(noise([4, N]))],
    ["a bias for each row and no channel", gemm(noise([4, 1]))],
    ["a bias that is not finite", gemm({ ...noise([N]), data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, -Infinity) })],
  ])("are told from those that have none: %s", async (_, float) => {
    const prepared = await prepareModel(float, (part) => run(part), ORT.opset);
    const { plan } = await tryOut(prepared.folded, {});
    expect(plan.layers.find(({ id }) => id === "a")?.reason).toEqual({ code: "bias" });
  });
});

describe("the case of a Keras head", needsShared, () => {
  it("runs both layers as QGemm", async () => {
    const { quantized, float, integer } = await settledCase("keras-head");
    const operators = await optimizedOperators(quantized.model);
    expect(operators.filter((operator) => /Gemm|MatMul/.test(operator))).toEqual(["QGemm", "QGemm"]);
    const comparator = new Comparator();
    const [name] = float.keys();
    comparator.add(float.get(name!)!.data as Float32Array, integer.get(name!)!.data as Float32Array);
    expect(comparator.result().sqnr).toBeGreaterThan(30);
  });
});
