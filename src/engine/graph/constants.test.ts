import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import {
  attributeOf,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  makeNode,
  tensorAttribute,
} from "../onnx/attributes.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, type Parts } from "../onnx/testing/build.ts";
import { constantsToInitializers, foldConstants } from "./constants.ts";
import { removeIdentities } from "./identity.ts";
import { inlineConstantIfs } from "./inlineIf.ts";
import { graphOf } from "./pass.ts";
import { foldStaticShapes } from "./staticShapes.ts";
import { run } from "./testing/native.ts";

const evaluate = (model: ModelProto) => run(model);
const ops = (model: ModelProto) => graphOf(model).node.map(({ opType }) => opType);
const value = (model: ModelProto, name: string) => {
  const proto = graphOf(model).initializer.find((tensor) => tensor.name === name);
  return proto && tensorOf(proto);
};
const build = (parts: Omit<Parts, "opset">) => buildModel({ opset: 13, ...parts });
const x = [floatInput("x", [2, 3])];

describe("constantsToInitializers", () => {
  it("keeps every kind of value, int64 to the last bit", () => {
    const constant = (name: string, attribute: AttributeProto) =>
      makeNode("Constant", [], [name], { attributes: [attribute] });
    const big = create(AttributeProtoSchema, { name: "value_ints", ints: [2n ** 63n - 1n] });
    const model = build({
      outputs: ["kept"],
      nodes: [
        constant("a", tensorAttribute("value", tensorProto("", noise([2])))),
        constant("b", floatsAttribute("value_floats", [1.5, 2])),
        constant("c", big),
        constant("d", intAttribute("value_int", -3)),
        constant("kept", intAttribute("value_int", 1)),
      ],
    });
    const { model: made } = constantsToInitializers(model);
    expect(ops(made)).toEqual(["Constant"]);
    expect(["a", "b", "c", "d"].map((name) => value(made, name))).toEqual([
      noise([2]),
      vector("float32", [1.5, 2]),
      { type: "int64", dims: [1], data: BigInt64Array.of(2n ** 63n - 1n) },
      scalar("int64", -3),
    ]);
  });
});

describe("foldConstants", () => {
  it("computes what is exact in one run, and leaves the rest", async () => {
    const runs: string[][] = [];
    const model = build({
      inputs: x,
      outputs: ["y"],
      nodes: [
        makeNode("Transpose", ["w"], ["wt"]),
        makeNode("Mul", ["wt", "two"], ["scaled"]),
        makeNode("Exp", ["two"], ["e"]),
        makeNode("MatMul", ["x", "scaled"], ["t"]),
        makeNode("Mul", ["t", "e"], ["y"]),
      ],
      constants: { w: { ...vector("float32", [1, 2, 3, 4, 5, 6]), dims: [2, 3] }, two: scalar("float32", 2) },
    });
    const { model: folded } = await foldConstants(model, (part) => {
      runs.push(graphOf(part).output.map(({ name }) => name));
      return run(part);
    });
    expect(runs).toEqual([["scaled"]]);
    expect(ops(folded)).toEqual(["Exp", "MatMul", "Mul"]);
    expect(value(folded, "scaled")).toEqual({ ...vector("float32", [2, 8, 4, 10, 6, 12]), dims: [3, 2] });
    expect(ops(model)).toHaveLength(5);
  });

  it("sums integers but not floats, whose order of summation is the runtime's", async () => {
    const model = build({
      outputs: ["y", "z"],
      nodes: [
        makeNode("ReduceProd", ["i"], ["p"]),
        makeNode("ReduceProd", ["f"], ["q"]),
        makeNode("Neg", ["p"], ["y"]),
        makeNode("Neg", ["q"], ["z"]),
      ],
      constants: { i: vector("int64", [2, 3]), f: vector("float32", [2, 3]) },
    });
    const { model: folded } = await foldConstants(model, evaluate);
    expect(ops(folded)).toEqual(["ReduceProd", "Neg", "Neg"]);
    expect(value(folded, "p")?.data).toEqual(BigInt64Array.of(6n));
  });

  it("does not blow up the file", async () => {
    const model = build({
      inputs: x,
      outputs: ["a", "b", "c"],
      nodes: [
        makeNode("ConstantOfShape", ["shape"], ["zeros"]),
        makeNode("Expand", ["one", "shape"], ["ones"]),
        makeNode("Tile", ["row", "repeats"], ["tiled"]),
        makeNode("Add", ["row", "column"], ["outer"]),
        makeNode("Add", ["zeros", "ones"], ["a"]),
        makeNode("Relu", ["outer"], ["b"]),
        makeNode("Relu", ["tiled"], ["c"]),
      ],
      constants: {
        shape: vector("int64", [1000, 1000]),
        one: scalar("float32", 1),
        row: noise([1, 600]),
        column: noise([600, 1]),
        repeats: vector("int64", [2, 1]),
      },
    });
    const { model: folded } = await foldConstants(model, evaluate);
    expect(ops(folded)).toEqual(["ConstantOfShape", "Expand", "Add", "Add", "Relu", "Relu"]);
    expect(value(folded, "tiled")?.dims).toEqual([2, 600]);
  });
});

describe("what would be large", () => {
  const huge = 2_000_000_000;
  const long = noise([100_000]);
  const bombs: readonly [string, readonly NodeProto[], Readonly<Record<string, Tensor>>][] = [
    ["Pad", [makeNode("Pad", ["v", "pads"], ["big"])], { pads: vector("int64", [0, huge]) }],
    [
      "Pad of one axis",
      [makeNode("Pad", ["v", "pads", "", "axes"], ["big"])],
      { pads: vector("int64", [huge, 0]), axes: vector("int64", [-1]) },
    ],
    [
      "OneHot",
      [makeNode("OneHot", ["ids", "depth", "v"], ["big"])],
      { ids: vector("int64", [0, 1]), depth: scalar("int64", huge) },
    ],
    [
      "an outer sum",
      [makeNode("Unsqueeze", ["long", "one"], ["column"]), makeNode("Add", ["long", "column"], ["big"])],
      { long, one: vector("int64", [1]) },
    ],
    [
      "an outer choice",
      [
        makeNode("Reshape", ["long", "shape"], ["column"]),
        makeNode("Greater", ["column", "zero"], ["is"]),
        makeNode("Where", ["is", "long", "zero"], ["big"]),
      ],
      { long, shape: vector("int64", [-1, 1]), zero: scalar("float32", 0) },
    ],
    [
      "Gather",
      [makeNode("Gather", ["rows", "ids"], ["big"], { attributes: [intAttribute("axis", 0)] })],
      { rows: noise([1, 100_000]), ids: { type: "int64", dims: [10_000], data: new BigInt64Array(10_000) } },
    ],
    [
      "GatherND",
      [makeNode("GatherND", ["rows", "ids"], ["big"])],
      { rows: noise([1, 100_000]), ids: { type: "int64", dims: [10_000, 1], data: new BigInt64Array(10_000) } },
    ],
    [
      "a larger one at every step",
      Array.from({ length: 12 }, (_, i) => {
        const from = i === 0 ? "v" : `t${i - 1}`;
        return makeNode("Concat", new Array(8).fill(from), [i === 11 ? "big" : `t${i}`], {
          attributes: [intAttribute("axis", 0)],
        });
      }),
      {},
    ],
  ];

  it.each(bombs)("is not computed: %s", async (_, nodes, constants) => {
    const model = build({
      inputs: x,
      outputs: ["y"],
      nodes: [
        ...nodes,
        makeNode("ReduceMax", ["big"], ["top"], { attributes: [intAttribute("keepdims", 0)] }),
        makeNode("Add", ["x", "top"], ["y"]),
      ],
      constants: { v: noise([2]), ...constants },
    });
    const bytes: number[] = [];
    const { model: folded } = await foldConstants(model, async (part) => {
      const values = await run(part);
      for (const { data } of values.values()) bytes.push(data.byteLength);
      return values;
    });
    expect(ops(folded)).toEqual(expect.arrayContaining(["ReduceMax", "Add"]));
    expect(graphOf(folded).node.flatMap(({ output }) => output)).toContain("big");
    expect(Math.max(0, ...bytes)).toBeLessThan(64 << 20);
  });

  it("is computed where a model is as large itself, and where it turns out to be smaller than it may be", async () => {
    const rows = noise([5000, 4000]);
    const model = build({
      inputs: x,
      outputs: ["y"],
      nodes: [
        makeNode("Transpose", ["rows"], ["turned"]),
        makeNode("NonZero", ["few"], ["where"]),
        makeNode("Shape", ["where"], ["count"]),
        makeNode("ReduceMax", ["turned"], ["top"], { attributes: [intAttribute("keepdims", 0)] }),
        makeNode("Cast", ["count"], ["counted"], { attributes: [intAttribute("to", 1)] }),
        makeNode("Mul", ["counted", "top"], ["factor"]),
        makeNode("ReduceMax", ["factor"], ["most"], { attributes: [intAttribute("keepdims", 0)] }),
        makeNode("Add", ["x", "most"], ["y"]),
      ],
      constants: { rows, few: vector("float32", [0, 1, 0, 2]) },
    });
    const { model: folded } = await foldConstants(model, evaluate);
    expect(ops(folded)).toEqual(["Add"]);
  });
});

describe("foldStaticShapes", () => {
  const nodes = [
    makeNode("Transpose", ["x"], ["t"]),
    makeNode("Shape", ["t"], ["s"]),
    makeNode("Reshape", ["x", "s"], ["r"]),
    makeNode("Shape", ["r"], ["s2"]),
    makeNode("Reshape", ["x", "s2"], ["y"]),
  ];

  it("takes the shapes of a model of fixed inputs from one run", async () => {
    const { model } = await foldStaticShapes(build({ inputs: x, outputs: ["y"], nodes }), evaluate);
    expect(ops(model)).toEqual(["Transpose", "Reshape", "Reshape"]);
    expect([value(model, "s"), value(model, "s2")]).toEqual([vector("int64", [3, 2]), vector("int64", [3, 2])]);
  });

  it("leaves a model with a symbolic input, and shapes that data decide", async () => {
    const dynamic = build({ inputs: [floatInput("x", ["n", 3])], outputs: ["y"], nodes });
    expect((await foldStaticShapes(dynamic, evaluate)).model).toBe(dynamic);
    const counting = build({
      inputs: x,
      outputs: ["y", "z"],
      nodes: [
        makeNode("NonZero", ["x"], ["hits"]),
        makeNode("Shape", ["hits"], ["y"]),
        makeNode("ReduceMax", ["x"], ["top"], { attributes: [intAttribute("keepdims", 0)] }),
        makeNode("Cast", ["top"], ["k"], { attributes: [intAttribute("to", 7)] }),
        makeNode("Unsqueeze", ["k", "zero"], ["length"]),
        makeNode("ConstantOfShape", ["length"], ["filled"]),
        makeNode("Shape", ["filled"], ["w"]),
        makeNode("Neg", ["w"], ["z"]),
      ],
      constants: { zero: vector("int64", [0]) },
    });
    expect((await foldStaticShapes(counting, evaluate)).model).toBe(counting);
  });
});

describe("removeIdentities", () => {
  const model = build({
    inputs: x,
    outputs: ["y"],
    nodes: [
      makeNode("Identity", ["w"], ["w2"]),
      makeNode("Identity", ["x"], ["x2"]),
      makeNode("Dropout", ["x2", "ratio", "off"], ["x3"]),
      makeNode("Dropout", ["x3", "ratio", "on"], ["x4"]),
      makeNode("Add", ["x4", "w2"], ["s"]),
      makeNode("Identity", ["s"], ["y"]),
    ],
    constants: { w: noise([3]), ratio: scalar("float32", 0.5), off: scalar("bool", 0), on: scalar("bool", 1) },
  });

  it("removes copies of constants or of activations, but neither outputs nor training Dropout", () => {
    const ofConstants = removeIdentities(model, "constants").model;
    expect(ops(ofConstants)).toEqual(["Identity", "Dropout", "Dropout", "Add", "Identity"]);
    expect(graphOf(ofConstants).node[3]?.input).toEqual(["x4", "w"]);
    const { node } = graphOf(removeIdentities(ofConstants, "activations").model);
    expect(node.map(({ opType, input }) => [opType, input[0]])).toEqual([
      ["Dropout", "x"],
      ["Add", "x4"],
      ["Identity", "s"],
    ]);
  });
});

describe("inlineConstantIfs", () => {
  const branch = (name: string, op: string, result: string) =>
    create(AttributeProtoSchema, {
      name,
      g: create(GraphProtoSchema, {
        name,
        node: [makeNode("Add", ["x", "k"], ["s"]), makeNode(op, ["s"], ["inner"])],
        initializer: [tensorProto("k", scalar("float32", 10))],
        output: [{ name: result }, { name: "x" }],
      }),
    });
  const model = (taken: boolean, result: string) =>
    build({
      inputs: x,
      outputs: ["y", "z", "k"],
      nodes: [
        makeNode("Neg", ["x"], ["k"]),
        makeNode("If", ["c"], ["y", "z"], {
          attributes: [branch("then_branch", "Neg", result), branch("else_branch", "Abs", result)],
        }),
      ],
      constants: { c: scalar("bool", taken ? 1 : 0) },
    });

  it.each([
    [true, -11],
    [false, 11],
  ])("takes the branch of %s", async (taken, expected) => {
    const { model: inlined } = inlineConstantIfs(model(taken, "inner"));
    expect(ops(inlined)).not.toContain("If");
    const feeds = new Map([["x", { ...noise([2, 3]), data: new Float32Array(6).fill(1) }]]);
    const results = await run(inlined, feeds);
    expect(["y", "z", "k"].map((name) => results.get(name)?.data[0])).toEqual([expected, 1, -1]);
  });

  it("leaves an If that data decide", () => {
    const open = build({ inputs: [...x, floatInput("c", [])], outputs: ["y"], nodes: [makeNode("If", ["c"], ["y"])] });
    expect(inlineConstantIfs(open).model).toBe(open);
  });
});

it("reads attributes it wrote", () => {
  const node = makeNode("Slice", ["x"], ["y"], {
    attributes: [intsAttribute("ends", [Number.MAX_SAFE_INTEGER * 4096])],
  });
  expect(attributeOf(node, "ends")?.ints).toEqual([2n ** 63n - 1n]);
});
