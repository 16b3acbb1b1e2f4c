import { expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { applyInputScales, scalableInputs } from "./inputScales.ts";
import { graphOf, withGraph } from "./pass.ts";
import { run } from "./testing/native.ts";

const [ROWS, WIDTH, HIDDEN] = [3, 8, 12];

/** A gated feed-forward block after a decomposed RMSNorm, and a Gemm with a bias after a Relu. */
const model = buildModel({
  opset: 17,
  inputs: [floatInput("x", [ROWS, WIDTH])],
  outputs: ["y"],
  nodes: [
    makeNode("Mul", ["x", "x"], ["squares"], { name: "squares" }),
    makeNode("ReduceMean", ["squares"], ["mean"], { name: "mean" }),
    makeNode("Add", ["mean", "least"], ["sum"], { name: "sum" }),
    makeNode("Sqrt", ["sum"], ["root"], { name: "root" }),
    makeNode("Div", ["x", "root"], ["unit"], { name: "unit" }),
    makeNode("Mul", ["unit", "gain"], ["n"], { name: "norm" }),
    makeNode("MatMul", ["n", "w1"], ["a"], { name: "w1" }),
    makeNode("Sigmoid", ["a"], ["s"], { name: "s" }),
    makeNode("Mul", ["a", "s"], ["silu"], { name: "silu" }),
    makeNode("MatMul", ["n", "w3"], ["b"], { name: "w3" }),
    makeNode("Mul", ["silu", "b"], ["h"], { name: "gated" }),
    makeNode("Gemm", ["h", "w2", "bias"], ["g"], { name: "w2", attributes: [intAttribute("transB", 1)] }),
    makeNode("Relu", ["g"], ["r"], { name: "relu" }),
    makeNode("MatMul", ["r", "w4"], ["y"], { name: "w4" }),
  ],
  constants: {
    least: scalar("float32", 1e-5),
    gain: noise([WIDTH], 1),
    w1: noise([WIDTH, HIDDEN], 2),
    w3: noise([WIDTH, HIDDEN], 3),
    w2: noise([WIDTH, HIDDEN], 4),
    bias: noise([WIDTH], 5),
    w4: noise([WIDTH, 4], 6),
  },
});
const scales = {
  n: Array.from({ length: WIDTH }, (_, c) => 2 ** (c - 4)),
  h: Array.from({ length: HIDDEN }, (_, c) => 2 ** ((c % 5) - 2)),
  r: Array.from({ length: WIDTH }, (_, c) => 2 ** ((c % 3) - 1)),
};

test("found after a decomposed normalization, a Mul of two layers, and a Relu; folded in, the function stays", async () => {
  const found = scalableInputs(new GraphIndex(graphOf(model)));
  expect(found.map(({ tensor, readers }) => [tensor, readers.map(({ name }) => name)])).toEqual([
    ["n", ["w1", "w3"]],
    ["h", ["w2"]],
    ["r", ["w4"]],
  ]);
  const scaled = applyInputScales(model, scales, "awq");
  expect(graphOf(scaled).initializer).toHaveLength(graphOf(model).initializer.length);
  const feeds = new Map([["x", noise([ROWS, WIDTH], 9)]]);
  const [before, after] = [await run(model, feeds), await run(scaled, feeds)];
  const expected = before.get("y")!.data as Float32Array;
  for (const [at, value] of (after.get("y")!.data as Float32Array).entries())
    expect(value).toBeCloseTo(expected[at]!, 5);
});

test.each([
  ["of a tensor that nothing makes by channel", { a: scales.h }],
  ["of another number of channels", { n: [1, 2] }],
  ["of 0", { n: scales.n.map(() => 0) }],
  ["that float32 does not hold", { n: scales.n.map(() => 1e39) }],
])("refused: scales %s", (_, wrong) => {
  expect(() => applyInputScales(model, wrong, "awq")).toThrow(InputError);
  expect(() => applyInputScales(model, wrong, "awq")).toThrow(/scales of the input [an] do not fit/);
});

test("none for an output of the graph, nor a matrix that something else has too", () => {
  const graph = graphOf(model);
  const others = [makeNode("Neg", ["w4"], ["negative"], { name: "negative" })];
  const shown = withGraph(model, {
    node: [...graph.node, ...others],
    output: [...graph.output, { ...graph.output[0]!, name: "h" }],
  });
  expect(scalableInputs(new GraphIndex(graphOf(shown))).map(({ tensor }) => tensor)).toEqual(["n"]);
});
