import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import {
  TensorProto_DataType as Code,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import { layersInIntegers } from "../operators/quantizing.ts";
import { dequantized } from "./dequantized.ts";
import { foldQuantized } from "./foldQuantized.ts";
import { graphOf, withGraph } from "./pass.ts";
import { relativeDifference, run } from "./testing/native.ts";

const PADS = intsAttribute("pads", [1, 1, 1, 1]);
const operators = (model: ModelProto) => graphOf(model).node.map(({ opType }) => opType);
const codes = (type: "int8" | "uint8", dims: readonly number[], seed = 1): Tensor => {
  const values = (noise(dims, seed).data as Float32Array).map(
    (value) => Math.floor(value * 127) + (type === "uint8" ? 128 : 0),
  );
  return { type, dims, data: type === "int8" ? Int8Array.from(values) : Uint8Array.from(values) };
};
const raw = (name: string, dataType: Code, dims: readonly number[], bytes: Uint8Array<ArrayBuffer>): TensorProto =>
  create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData: bytes });
const steps = (dims: readonly number[], seed = 5): Tensor => ({
  type: "float32",
  dims,
  data: (noise(dims, seed).data as Float32Array).map((value) => 0.01 + Math.abs(value) / 50),
});

describe("a constant behind a DequantizeLinear is what ONNX Runtime makes of it", () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => (i * 83 + 7) & 255);
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const named = (tensor: Tensor, name: string) => tensorProto(name, tensor);
  const nibbles = (code: Code, name: string, dims: readonly number[], seed: number) =>
    raw(
      name,
      code,
      dims,
      Uint8Array.from({ length: Math.ceil(dims.reduce((a, b) => a * b, 1) / 2) }, (_, i) => (i * 71 + seed) & 255),
    );
  const cases: readonly (readonly [string, readonly TensorProto[], readonly ReturnType<typeof intAttribute>[]])[] = [
    [
      "int8, one scale",
      [named(codes("int8", [4, 6]), "q"), named(scalar("float32", 0.037), "s"), named(scalar("int8", -3), "z")],
      [],
    ],
    ["uint8, one scale, no zero point", [named(codes("uint8", [4, 6]), "q"), named(scalar("float32", 0.037), "s")], []],
    [
      "int8, a scale a row",
      [named(codes("int8", [4, 6]), "q"), named(steps([4]), "s"), named(codes("int8", [4], 2), "z")],
      [intAttribute("axis", 0)],
    ],
    [
      "uint8, a scale a column, by the default axis",
      [named(codes("uint8", [4, 6]), "q"), named(steps([6]), "s"), named(codes("uint8", [6], 2), "z")],
      [],
    ],
    [
      "int8, an axis from the end, in three dimensions",
      [named(codes("int8", [2, 3, 4]), "q"), named(steps([3]), "s")],
      [intAttribute("axis", -2)],
    ],
    [
      "int32, as biases are",
      [
        named({ type: "int32", dims: [3], data: Int32Array.of(2 ** 31 - 1, -7, 123456789) }, "q"),
        named(scalar("float32", 1e-5), "s"),
      ],
      [],
    ],
    [
      "int16",
      [
        named({ type: "int16", dims: [3], data: Int16Array.of(-32768, 32767, 5) }, "q"),
        named(scalar("float32", 0.5), "s"),
        named(scalar("int16", 9), "z"),
      ],
      [],
    ],
    ["int4, packed, of an odd length", [nibbles(Code.INT4, "q", [3, 5], 11), named(scalar("float32", 0.3), "s")], []],
    [
      "uint4 in blocks along the last axis",
      [nibbles(Code.UINT4, "q", [2, 6], 3), named(steps([2, 2]), "s"), nibbles(Code.UINT4, "z", [2, 2], 9)],
      [intAttribute("axis", 1), intAttribute("block_size", 3)],
    ],
    [
      "int8 in blocks along the first axis, the last one short",
      [named(codes("int8", [5, 2]), "q"), named(steps([3, 2]), "s")],
      [intAttribute("axis", 0), intAttribute("block_size", 2)],
    ],
    ["float8 e4m3fn, every code", [raw("q", Code.FLOAT8E4M3FN, [256], all), named(scalar("float32", 0.25), "s")], []],
    ["float8 e5m2, every code", [raw("q", Code.FLOAT8E5M2, [256], all), named(scalar("float32", 0.25), "s")], []],
    [
      "float8 e4m3fnuz, every code",
      [raw("q", Code.FLOAT8E4M3FNUZ, [256], all), named(scalar("float32", 0.25), "s")],
      [],
    ],
    ["float8 e5m2fnuz", [raw("q", Code.FLOAT8E5M2FNUZ, [24], bytes), named(scalar("float32", 2), "s")], []],
  ];

  test.each(cases)("%s", async (_, constants, attributes) => {
    const node = makeNode(
      "DequantizeLinear",
      constants.map(({ name }) => name),
      ["y"],
      { attributes },
    );
    const model = withGraph(buildModel({ opset: 21, outputs: ["y"], nodes: [node] }), { initializer: [...constants] });
    const made = dequantized(node, new GraphIndex(graphOf(model)), "y");
    const expected = (await run(model, new Map(), false)).get("y")!;
    expect({ ...tensorOf(made!) }).toEqual(expected);
  });

  test("it is left where scales do not fit, or something is no constant", () => {
    const node = makeNode("DequantizeLinear", ["q", "s"], ["y"], { attributes: [intAttribute("axis", 0)] });
    const of = (scales: Tensor) => {
      const constants = { q: codes("int8", [4, 6]), s: scales };
      return dequantized(
        node,
        new GraphIndex(graphOf(buildModel({ opset: 21, outputs: ["y"], nodes: [node], constants }))),
        "y",
      );
    };
    expect(of(steps([4]))).not.toBeNull();
    expect(of(steps([5]))).toBeNull();
    expect(of(steps([4, 6]))).toBeNull();
    const fed = makeNode("DequantizeLinear", ["x", "s"], ["y"]);
    const model = buildModel({ opset: 21, outputs: ["y"], nodes: [fed], constants: { s: scalar("float32", 1) } });
    expect(dequantized(fed, new GraphIndex(graphOf(model)), "y")).toBeNull();
  });
});

/** A pair on `from`, which makes `to`; `name` begins the names of its parameters. */
function pair(from: string, to: string, name: string): NodeProto[] {
  return [
    makeNode("QuantizeLinear", [from, `${name}.s`, `${name}.z`], [`${to}.q`]),
    makeNode("DequantizeLinear", [`${to}.q`, `${name}.s`, `${name}.z`], [to]),
  ];
}
const grid = (name: string, scale: number, zero: number) => ({
  [`${name}.s`]: scalar("float32", scale),
  [`${name}.z`]: scalar("uint8", zero),
});
const weight = (name: string, dims: readonly number[], seed: number) => ({
  [`${name}.codes`]: codes("int8", dims, seed),
  [`${name}.scale`]: scalar("float32", 0.01),
  [`${name}.zero`]: scalar("int8", 0),
});
const weightNode = (name: string) =>
  makeNode("DequantizeLinear", [`${name}.codes`, `${name}.scale`, `${name}.zero`], [name]);
const feeds: TensorMap = new Map([["x", noise([1, 3, 6, 6], 3)]]);

/** A Conv in integers, Relu implied by its range where `zero` is 0, then a float Conv. */
function partly(zero: number, between: readonly NodeProto[] = []): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: [floatInput("y", [1, 2, 6, 6])],
    nodes: [
      ...pair("x", "xd", "in"),
      weightNode("w"),
      makeNode("Conv", ["xd", "w"], ["c"], { attributes: [PADS] }),
      ...pair("c", "cd", "mid"),
      ...between,
      makeNode("Conv", [between.at(-1)?.output[0] ?? "cd", "v"], ["y"], { attributes: [PADS] }),
    ],
    constants: {
      ...grid("in", 2 / 255, 128),
      ...weight("w", [4, 3, 3, 3], 7),
      ...grid("mid", 0.1, zero),
      v: noise([2, 4, 3, 3], 8),
    },
  });
}

describe("everything folded", () => {
  test("gives the float model, without a clip where no Relu can have been left out", async () => {
    const model = partly(128);
    const { model: folded, changes, notices } = foldQuantized(model, true);
    expect(operators(folded)).toEqual(["Conv", "Conv"]);
    expect(relativeDifference((await run(model, feeds)).get("y"), (await run(folded, feeds)).get("y"))).toBeLessThan(
      0.05,
    );
    expect(changes.map(({ count, noun }) => [count, noun])).toEqual([
      [1, "quantized constant"],
      [2, "quantizing pair"],
    ]);
    expect(notices).toHaveLength(1);
    expect(faultsOf(folded)).toEqual([]);
  });

  test("keeps the Relu that a range from 0 on stands for", async () => {
    const model = partly(0);
    const { model: folded } = foldQuantized(model, true);
    expect(operators(folded)).toEqual(["Conv", "Clip", "Conv"]);
    expect(relativeDifference((await run(model, feeds)).get("y"), (await run(folded, feeds)).get("y"))).toBeLessThan(
      0.05,
    );
  });

  test("goes through what moves integers, and gives outputs by their names", async () => {
    const constants = { ...grid("in", 2 / 255, 128), shape: vector("int64", [1, 3, 36]) };
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 6, 6])],
      outputs: [floatInput("y", [1, 3, 36]), floatInput("z", [1, 3, 6, 6])],
      nodes: [
        makeNode("QuantizeLinear", ["x", "in.s", "in.z"], ["q"]),
        makeNode("Reshape", ["q", "shape"], ["r"]),
        makeNode("DequantizeLinear", ["r", "in.s", "in.z"], ["y"]),
        makeNode("DequantizeLinear", ["q", "in.s", "in.z"], ["z"]),
      ],
      constants,
    });
    const { model: folded } = foldQuantized(model, true);
    expect(operators(folded)).toEqual(["Reshape", "Identity", "Identity"]);
    const made = await run(folded, feeds);
    expect(made.get("z")?.data).toEqual(feeds.get("x")?.data);
    expect(made.get("y")?.data).toEqual(feeds.get("x")?.data);
    expect(faultsOf(folded)).toEqual([]);
  });

  test("leaves integers that something else reads, that are an input or output, or that come out under other parameters", () => {
    const nodes = [
      makeNode("QuantizeLinear", ["x", "in.s", "in.z"], ["out"]),
      makeNode("QuantizeLinear", ["x", "in.s", "in.z"], ["q"]),
      makeNode("DequantizeLinear", ["q", "other.s", "in.z"], ["y"]),
      makeNode("QuantizeLinear", ["x", "in.s", "in.z"], ["p"]),
      makeNode("DequantizeLinear", ["p", "in.s", "in.z"], ["d"]),
      makeNode("Shape", ["p"], ["size"]),
    ];
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 6, 6])],
      outputs: ["out", "y", "d", "size"],
      nodes,
      constants: { ...grid("in", 0.1, 128), ...grid("other", 0.2, 128) },
    });
    expect(foldQuantized(model, true)).toEqual({ model, changes: [], notices: [] });
  });
});

describe("what is whole in integers kept", () => {
  test("a layer between pairs stays, and what reads it is float", async () => {
    const model = partly(0);
    const { model: kept, changes } = foldQuantized(model, false);
    expect(operators(kept)).toEqual(operators(model));
    expect((await run(kept, feeds)).get("y")).toEqual((await run(model, feeds)).get("y"));
    expect(changes.map(({ count, noun }) => [count, noun])).toEqual([[1, "layer"]]);
  });

  test("a layer of quantized weights alone is folded, and a weight that both read is there twice", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 6, 6])],
      outputs: [floatInput("y", [1, 3, 6, 6])],
      nodes: [
        ...pair("x", "xd", "in"),
        weightNode("w"),
        makeNode("Conv", ["xd", "w"], ["c"], { attributes: [PADS] }),
        ...pair("c", "cd", "mid"),
        makeNode("Tanh", ["cd"], ["t"]),
        makeNode("Conv", ["t", "w"], ["y"], { attributes: [PADS] }),
      ],
      constants: { ...grid("in", 2 / 255, 128), ...weight("w", [3, 3, 3, 3], 7), ...grid("mid", 0.03, 128) },
    });
    const { model: kept } = foldQuantized(model, false);
    const index = new GraphIndex(graphOf(kept));
    expect(layersInIntegers(index)).toEqual(new Set([index.graph.node.find(({ output }) => output[0] === "c")]));
    expect(index.initializer(index.producer("y")?.input[1] ?? "")?.dataType).toBe(Code.FLOAT);
    expect(relativeDifference((await run(model, feeds)).get("y"), (await run(kept, feeds)).get("y"))).toBeLessThan(
      1e-6,
    );
    expect(faultsOf(kept)).toEqual([]);
  });

  test("sums, pools and matrix products between pairs are layers in integers too, with the bias and clamp after them", () => {
    const nodes = [
      ...pair("x", "xd", "in"),
      makeNode("Add", ["xd", "xd"], ["sum"]),
      ...pair("sum", "sd", "in"),
      makeNode("GlobalAveragePool", ["sd"], ["pool"]),
      ...pair("pool", "pd", "in"),
      makeNode("Flatten", ["pd"], ["flat"]),
      ...pair("flat", "fd", "in"),
      weightNode("w"),
      makeNode("MatMul", ["fd", "w"], ["product"]),
      makeNode("Add", ["product", "bias"], ["biased"]),
      makeNode("Relu", ["biased"], ["clamped"]),
      ...pair("clamped", "cd", "in"),
      weightNode("v"),
      makeNode("MatMul", ["cd", "v"], ["y"]),
    ];
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 6, 6])],
      outputs: [floatInput("y", [1, 2])],
      nodes,
      constants: {
        ...grid("in", 0.05, 128),
        ...weight("w", [3, 4], 1),
        ...weight("v", [4, 2], 2),
        bias: noise([4], 3),
      },
    });
    const found = [...layersInIntegers(new GraphIndex(graphOf(model)))].map(
      ({ opType, output }) => `${opType} ${output[0]}`,
    );
    expect(found.sort()).toEqual(
      [
        "Add biased",
        "Add sum",
        "Flatten flat",
        "GlobalAveragePool pool",
        "MatMul product",
        "MatMul y",
        "Relu clamped",
      ].sort(),
    );
  });
});

test("a float model is given back as it is", () => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: ["y"],
    nodes: [makeNode("Conv", ["x", "v"], ["y"], { attributes: [PADS] })],
    constants: { v: noise([2, 3, 3, 3], 8) },
  });
  expect(foldQuantized(model, true)).toEqual({ model, changes: [], notices: [] });
});
