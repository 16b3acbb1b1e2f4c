import { describe, expect, it } from "vitest";
import type { TargetName } from "../model/target.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { withTarget } from "../recipe/edits.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: ReturnType<typeof intAttribute>[] = [],
) => makeNode(op, inputs, [output], { name: output, attributes });
const conv = (input: string, output: string, weight = "w") => node("Conv", [input, weight, "b"], output);

/** Channels of 8 throughout. */
function model(nodes: readonly NodeProto[], outputs: readonly string[] = ["out"]) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 8, 6, 6])],
    outputs,
    nodes,
    constants: {
      ...{ w: noise([8, 8, 1, 1], 2), v: noise([8, 8, 1, 1], 3), u: noise([8, 16, 1, 1], 4), b: noise([8], 5) },
      ...{
        m: noise([6, 5], 6),
        d: noise([5], 7),
        axes: { type: "int64" as const, dims: [2], data: BigInt64Array.of(2n, 3n) },
      },
    },
  });
}

const tiny = (weight: ReturnType<typeof noise>) => ({
  ...weight,
  data: (weight.data as Float32Array).map((value) => value * 1e-4),
});

/** As the target has it. */
function forTarget(name: TargetName, given: ModelProto, granularity?: "tensor" | "channel") {
  const { target, format, activations, weights, elementwise } = withTarget(PLAIN_RECIPE, name);
  const chosen = granularity ? { ...weights, granularity } : weights;
  return tryOut(given, { target: target!, format, activations, weights: chosen, elementwise });
}

const constantsOf = ({ graph }: ModelProto) => new Map(graph!.initializer.map((tensor) => [tensor.name, tensor]));
const isQuantizer = (each: NodeProto | undefined) => each?.opType === "QuantizeLinear";
/** What is rounded, by the name of the tensor as the QuantizeLinear reads it. */
const roundedIn = ({ graph }: ModelProto) => graph!.node.filter(isQuantizer).map(({ input }) => input[0]!);

const block = [
  ...[conv("x", "c1"), node("Relu", ["c1"], "r1"), conv("r1", "c2", "v")],
  ...[node("Add", ["r1", "c2"], "s"), node("Relu", ["s"], "r2"), conv("r2", "out")],
];

describe("for TensorRT", () => {
  it("zero points are 0, biases float, and results of convolutions rounded only where one reads them", async () => {
    const trial = await forTarget("tensorrt", model(block));
    const constants = constantsOf(trial.model);
    const zeros = [...constants.values()].filter(({ name }) => name.endsWith("_zero_point"));
    expect(zeros.length).toBeGreaterThan(4);
    for (const zero of zeros) {
      expect(dataTypeOf(zero.dataType)).toBe("int8");
      expect([...(tensorOf(zero).data as Int8Array)].every((value) => value === 0)).toBe(true);
    }
    expect([...constants.values()].filter(({ dataType }) => dataTypeOf(dataType) === "int32")).toEqual([]);
    for (const each of trial.model.graph!.node.filter(({ opType }) => opType === "Conv")) {
      expect(each.input[2]).toBe("b");
    }
    expect(roundedIn(trial.model)).not.toContain("out");
    expect(leastSqnr(trial)).toBeGreaterThan(25);
  });

  it("a float bias that no int32 holds at the scales of input and weight is left whole by ONNX Runtime", async () => {
    const bias = { type: "float32" as const, dims: [8], data: Float32Array.of(5, -5, 0, 1e3, 1e-6, 70, -900, 20) };
    const given = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 8, 6, 6])],
      outputs: ["out"],
      nodes: [conv("x", "c"), node("Relu", ["c"], "r"), node("Conv", ["r", "v"], "out")],
      constants: { w: tiny(noise([8, 8, 1, 1], 2)), v: noise([8, 8, 1, 1], 3), b: bias },
    });
    const trial = await forTarget("tensorrt", given);
    expect(trial.model.graph!.node.find(({ output }) => output[0] === "c")!.input[2]).toBe("b");
    expect(leastSqnr(trial)).toBeGreaterThan(25);
  });

  it("a large constant that is added behind a product, which no runtime makes an int32 of, leaves its weight whole", async () => {
    const added = {
      type: "float32" as const,
      dims: [8],
      data: Float32Array.of(-1e9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1),
    };
    const given = buildModel({
      opset: 17,
      inputs: [floatInput("x", [4, 16])],
      outputs: ["out"],
      nodes: [node("MatMul", ["x", "m"], "p"), node("Add", ["p", "b"], "out")],
      constants: { m: noise([16, 8], 2), b: added },
    });
    for (const granularity of ["tensor", "channel"] as const) {
      const trial = await forTarget("tensorrt", given, granularity);
      const scales = tensorOf(trial.model.graph!.initializer.find(({ name }) => name === "m_scale")!)
        .data as Float32Array;
      expect(Math.max(...scales)).toBeLessThan(1.01 / 127);
    }
  });

  it("the residual is rounded, and the convolution it is added to is not before the sum", async () => {
    const { model: written, plan } = await forTarget("tensorrt", model(block));
    expect(roundedIn(written)).toEqual(["x", "r1", "r2"]);
    const index = new GraphIndex(written.graph!);
    const sum = written.graph!.node.find(({ opType }) => opType === "Add")!;
    const makers = sum.input.map((name) => index.producer(name)!.opType).sort();
    expect(makers).toEqual(["Conv", "DequantizeLinear"]);
    expect(plan.layers.every(({ reason }) => reason === null)).toBe(true);
  });

  it("of two convolutions that are added the later is fused and the other rounded", async () => {
    const nodes = [conv("x", "c1"), conv("x", "c2", "v"), node("Add", ["c2", "c1"], "s"), conv("s", "out")];
    const { model: written } = await forTarget("tensorrt", model(nodes));
    expect(roundedIn(written)).toEqual(["x", "c1", "s"]);
  });

  it.each([
    [
      "read twice",
      [
        conv("x", "c1"),
        conv("x", "c2", "v"),
        node("Add", ["x", "c2"], "s"),
        node("Mul", ["s", "c2"], "p"),
        conv("p", "out"),
      ],
    ],
    ["added to itself", [conv("x", "c2"), node("Add", ["c2", "c2"], "s"), conv("s", "out")]],
  ])("a convolution is not fused with the sum where it is %s", async (_, nodes) => {
    const trial = await forTarget("tensorrt", model(nodes));
    expect(roundedIn(trial.model)).toContain("c2");
    expect(leastSqnr(trial)).toBeGreaterThan(20);
  });

  it("leaves a convolution in float behind a residual that stays in float, and says so of the sum", async () => {
    const nodes = [
      conv("x", "c1"),
      node("Sin", ["c1"], "f"),
      conv("x", "c2", "v"),
      node("Add", ["f", "c2"], "s"),
      conv("s", "out"),
    ];
    const { plan, model: written } = await forTarget("tensorrt", model(nodes));
    expect(plan.layers.find(({ id }) => id === "s")!.reason).toEqual({ code: "input", tensor: "f" });
    expect(roundedIn(written)).toEqual(["x", "s"]);
  });

  it("all that a Concat joins has one scale, whoever else reads it", async () => {
    const nodes = [
      ...[conv("x", "c1"), node("Relu", ["c1"], "r1"), conv("r1", "c2", "v")],
      ...[node("Concat", ["r1", "c2"], "j", [intAttribute("axis", 1)]), node("Conv", ["j", "u"], "out")],
    ];
    const { plan } = await forTarget("tensorrt", model(nodes));
    expect(new Set(["r1", "c2", "j"].map((name) => plan.groupOf.get(name)))).toEqual(new Set(["j"]));
  });

  it("one scale holds all that is joined, and what a pool took its values from", async () => {
    const pool = node("MaxPool", ["c1"], "q", [
      intsAttribute("kernel_shape", [3, 3]),
      intsAttribute("pads", [1, 1, 1, 1]),
    ]);
    const nodes = [
      conv("x", "c1"),
      pool,
      node("Concat", ["q", "q"], "j", [intAttribute("axis", 1)]),
      node("Conv", ["j", "u"], "y"),
    ];
    const trial = await forTarget("tensorrt", model([...nodes, conv("c1", "out")], ["out", "y"]));
    const { plan, ranges } = trial;
    const group = plan.groups.find(({ id }) => id === plan.groupOf.get("j"))!;
    expect(group.members).toEqual(expect.arrayContaining(["c1", "q", "j"]));
    expect(ranges.get(group.id)!.low).toBeLessThan(-1);
    expect(leastSqnr(trial)).toBeGreaterThan(25);
  });

  it("operators without an integer kernel stay in float with the reason, and nothing is stored", async () => {
    const nodes = [conv("x", "c1"), node("Softmax", ["c1"], "p"), conv("p", "out")];
    const { plan } = await forTarget("tensorrt", model(nodes));
    expect(plan.layers.find(({ id }) => id === "p")!.reason).toEqual({
      code: "no-kernel",
      operator: "Softmax",
      target: "TensorRT",
    });
  });
});

describe("for Vitis AI", () => {
  it("every scale is a power of two, biases are int8, and weights have one scale", async () => {
    const trial = await forTarget("vitis-npu", model(block));
    const constants = [...constantsOf(trial.model).values()];
    const scales = constants.filter(({ name }) => name.endsWith("_scale"));
    for (const scale of scales) {
      expect(dimsOf(scale)).toEqual([]);
      expect(Number.isInteger(Math.log2(Number(tensorOf(scale).data[0])))).toBe(true);
    }
    expect(scales.length).toBeGreaterThan(6);
    const biases = constants.filter(({ name }) => /^b_quantized/.test(name));
    expect(biases.map(({ dataType }) => dataTypeOf(dataType))).toEqual(biases.map(() => "int8"));
    expect(biases.length).toBeGreaterThan(0);
    expect(leastSqnr(trial)).toBeGreaterThan(20);
  });
});

describe("for QNN", () => {
  it("everything that can be is quantized, MatMul's weights are unsigned with one scale, Conv's signed with one a channel", async () => {
    const nodes = [
      ...[
        node("Transpose", ["x"], "t", [intsAttribute("perm", [0, 1, 3, 2])]),
        conv("t", "c1"),
        node("Tanh", ["c1"], "h"),
      ],
      ...[node("MatMul", ["h", "m"], "p"), node("Add", ["p", "d"], "a"), node("Sub", ["a", "a2"], "out")],
      node("Sigmoid", ["p"], "sp"),
      node("Add", ["sp", "d"], "a2"),
    ];
    const order = [0, 1, 2, 3, 4, 6, 7, 5].map((at) => nodes[at]!);
    const trial = await forTarget("qnn", model(order));
    expect(trial.plan.layers.filter(({ reason }) => reason !== null)).toEqual([]);
    const constants = constantsOf(trial.model);
    expect(dataTypeOf(constants.get("m_quantized")!.dataType)).toBe("uint8");
    expect(Number(tensorOf(constants.get("m_zero_point")!).data[0])).toBe(128);
    expect(dimsOf(constants.get("m_scale")!)).toEqual([]);
    expect(dataTypeOf(constants.get("w_quantized")!.dataType)).toBe("int8");
    expect(dimsOf(constants.get("w_scale")!)).toEqual([8]);
    expect(leastSqnr(trial)).toBeGreaterThan(20);
  });
});

describe("for integer-only devices", () => {
  it("fixed results have the scales of TensorFlow Lite, pools and Resize that of their input", async () => {
    const nodes = [
      ...[conv("x", "c1"), node("AveragePool", ["c1"], "q", [intsAttribute("kernel_shape", [2, 2])]), conv("q", "c2")],
      ...[node("Sigmoid", ["c2"], "g"), node("Tanh", ["c1"], "h"), node("Softmax", ["c2"], "p")],
      node("ReduceMean", ["h"], "out", [intsAttribute("axes", [2, 3])]),
    ];
    const trial = await forTarget("integer-only", model(nodes, ["out", "g", "p"]));
    expect(trial.plan.layers.filter(({ reason }) => reason !== null)).toEqual([]);
    expect(trial.affine.get("g")).toEqual({ scale: 1 / 256, zeroPoint: -128 });
    expect(trial.affine.get("p")).toEqual({ scale: 1 / 256, zeroPoint: -128 });
    expect(trial.affine.get("h")).toEqual({ scale: 1 / 128, zeroPoint: 0 });
    expect(trial.plan.groupOf.get("q")).toBe(trial.plan.groupOf.get("c1"));
    expect(leastSqnr(trial)).toBeGreaterThan(15);
  });

  it("a product of two activations has no kernel", async () => {
    const nodes = [conv("x", "c1"), node("MatMul", ["c1", "x"], "out")];
    const { plan } = await forTarget("integer-only", model(nodes));
    expect(plan.layers.at(-1)!.reason?.code).toBe("no-kernel");
  });
});

describe("for processors without VNNI", () => {
  it("a weight whose pairs cannot be told takes half of the codes", async () => {
    const nodes = [
      node("Transpose", ["x"], "t", [intsAttribute("perm", [0, 1, 3, 2])]),
      node("MatMul", ["t", "stack"], "out"),
    ];
    const given = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 8, 6, 6])],
      outputs: ["out"],
      nodes,
      constants: { stack: noise([8, 6, 4], 3) },
    });
    const largest = async (name: TargetName) => {
      const { model: written } = await forTarget(name, given);
      const codes = tensorOf(constantsOf(written).get("stack_quantized")!).data as Int8Array;
      return Math.max(...codes.map((code) => Math.abs(code)));
    };
    expect(await largest("ort-cpu-avx2")).toBe(64);
    expect(await largest("ort-web")).toBe(127);
  });
});
