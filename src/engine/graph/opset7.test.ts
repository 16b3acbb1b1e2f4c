import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { opsetOf } from "../onnx/opset.ts";
import type { AttributeProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { convertOpset } from "./opset.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { run } from "./testing/native.ts";

interface Case {
  readonly opset: number;
  readonly dims: readonly number[];
  readonly nodes: readonly NodeProto[];
  readonly constants?: Readonly<Record<string, Tensor>>;
}

const legacy = ({ opset, dims, nodes, constants = {} }: Case): ModelProto =>
  withFields(buildModel({ opset, inputs: [floatInput("x", dims)], outputs: ["y"], nodes, constants }), {
    irVersion: 3n,
  });

const node = (op: string, inputs: readonly string[], ...attributes: AttributeProto[]) =>
  makeNode(op, inputs, ["y"], { attributes });
const flag = (name: string) => intAttribute(name, 1);
const consumed = intsAttribute("consumed_inputs", [0, 0]);

const dims = [2, 3, 2, 2];
const c = vector("float32", [10, 20, 30]);
const channel = (i: number) => Math.floor(i / 4) % 3;

/** What opsets before 7 say of each, by hand. */
const cases: readonly [string, Case, (x: Float32Array) => readonly number[]][] = [
  [
    "Add along an axis",
    { opset: 6, dims, nodes: [node("Add", ["x", "c"], flag("broadcast"), intAttribute("axis", 1))], constants: { c } },
    (x) => Array.from(x, (value, i) => value + (c.data[channel(i)] as number)),
  ],
  [
    "Sub along an axis counted from the end",
    {
      opset: 3,
      dims,
      nodes: [node("Sub", ["x", "c"], flag("broadcast"), intAttribute("axis", -3), consumed)],
      constants: { c },
    },
    (x) => Array.from(x, (value, i) => value - (c.data[channel(i)] as number)),
  ],
  [
    "Mul along the last axis",
    { opset: 6, dims: [2, 3], nodes: [node("Mul", ["x", "c"], flag("broadcast"))], constants: { c } },
    (x) => Array.from(x, (value, i) => value * (c.data[i % 3] as number)),
  ],
  [
    "Div by what is computed, along an axis",
    {
      opset: 6,
      dims,
      nodes: [makeNode("Abs", ["c"], ["d"]), node("Div", ["x", "d"], flag("broadcast"), intAttribute("axis", 1))],
      constants: { c },
    },
    (x) => Array.from(x, (value, i) => value / (c.data[channel(i)] as number)),
  ],
  [
    "Pow of equal shapes",
    {
      opset: 1,
      dims: [3],
      nodes: [makeNode("Abs", ["x"], ["a"]), node("Pow", ["a", "e"])],
      constants: { e: vector("float32", [2, 1, 0]) },
    },
    (x) => [Math.abs(x[0] as number) ** 2, Math.abs(x[1] as number), 1],
  ],
  [
    "PRelu with a slope a channel",
    { opset: 6, dims, nodes: [node("PRelu", ["x", "c"])], constants: { c } },
    (x) => Array.from(x, (value, i) => (value < 0 ? value * (c.data[channel(i)] as number) : value)),
  ],
  [
    "PRelu with one slope",
    { opset: 1, dims, nodes: [node("PRelu", ["x", "s"], consumed)], constants: { s: vector("float32", [3]) } },
    (x) => Array.from(x, (value) => (value < 0 ? value * 3 : value)),
  ],
  [
    "Reshape, and Concat of the second axis",
    {
      opset: 1,
      dims: [2, 3],
      nodes: [
        makeNode("Reshape", ["x"], ["r"], { attributes: [intsAttribute("shape", [0, -1, 1]), consumed] }),
        makeNode("Concat", ["r", "r"], ["y"]),
      ],
    },
    (x) => [...x.slice(0, 3), ...x.slice(0, 3), ...x.slice(3), ...x.slice(3)],
  ],
  [
    "Cast by the name of a type",
    {
      opset: 1,
      dims: [3],
      nodes: [
        makeNode("Cast", ["big"], ["i"], { attributes: [stringAttribute("to", "INT64")] }),
        makeNode("Cast", ["i"], ["f"], { attributes: [stringAttribute("to", "float")] }),
        node("Add", ["x", "f"]),
      ],
      constants: { big: vector("float32", [1.75, 2.5, -3.25]) },
    },
    (x) => [(x[0] as number) + 1, (x[1] as number) + 2, (x[2] as number) - 3],
  ],
  [
    "Pad by paddings",
    { opset: 1, dims: [2], nodes: [node("Pad", ["x"], intsAttribute("paddings", [1, 0]), floatAttribute("value", 7))] },
    (x) => [7, ...x],
  ],
  [
    "Upsample of height and width",
    {
      opset: 6,
      dims: [1, 1, 1, 2],
      nodes: [node("Upsample", ["x"], floatAttribute("height_scale", 2), floatAttribute("width_scale", 2))],
    },
    ([a = 0, b = 0]) => [a, a, b, b, a, a, b, b],
  ],
  [
    "Tile of one axis",
    {
      opset: 5,
      dims: [2, 1],
      nodes: [node("Tile", ["x", "times", "axis"])],
      constants: { times: scalar("float32", 3), axis: scalar("float32", 1) },
    },
    ([a = 0, b = 0]) => [a, a, a, b, b, b],
  ],
  [
    "BatchNormalization and Dropout in test mode",
    {
      opset: 1,
      dims,
      nodes: [
        makeNode("BatchNormalization", ["x", "c", "c", "m", "v"], ["n"], {
          attributes: [
            flag("is_test"),
            floatAttribute("epsilon", 0),
            intsAttribute("consumed_inputs", [0, 0, 0, 1, 1]),
          ],
        }),
        node("Dropout", ["n"], flag("is_test"), floatAttribute("ratio", 0.9)),
      ],
      constants: { c, m: vector("float32", [1, 2, 3]), v: vector("float32", [4, 4, 4]) },
    },
    (x) =>
      Array.from(x, (value, i) => {
        const factor = c.data[channel(i)] as number;
        return ((value - channel(i) - 1) / 2) * factor + factor;
      }),
  ],
  [
    "Selu of fewer digits",
    { opset: 1, dims: [4], nodes: [node("Selu", ["x"], consumed)] },
    (x) => Array.from(x, (value) => 1.0507 * (value > 0 ? value : 1.6732 * Math.exp(value) - 1.6732)),
  ],
  [
    "Gemm with a bias a column",
    {
      opset: 6,
      dims: [2, 2],
      nodes: [node("Gemm", ["x", "w", "b"], flag("broadcast"))],
      constants: { w: { ...vector("float32", [1, 0, 0, 2]), dims: [2, 2] }, b: vector("float32", [5, 6]) },
    },
    ([a = 0, b = 0, d = 0, e = 0]) => [a + 5, 2 * b + 6, d + 5, 2 * e + 6],
  ],
  [
    "GlobalLpPool of an order that was a float",
    { opset: 1, dims: [1, 1, 2, 1], nodes: [node("GlobalLpPool", ["x"], floatAttribute("p", 1))] },
    ([a = 0, b = 0]) => [Math.abs(a) + Math.abs(b)],
  ],
];

describe("opsets below 7", () => {
  it.each(cases)("%s is raised to what it was", async (_, parts, expected) => {
    const raised = convertOpset(legacy(parts), ORT.opset);
    expect([opsetOf(raised), raised.irVersion]).toEqual([13, 7n]);
    const x = noise(parts.dims, 3);
    const y = (await run(raised, new Map([["x", x]]))).get("y");
    const values = expected(x.data as Float32Array);
    expect(y?.data).toHaveLength(values.length);
    for (const [i, value] of values.entries()) expect(y?.data[i]).toBeCloseTo(value, 4);
  });

  it("a network of that time is prepared as one of today", async () => {
    const constants = {
      ...{
        w: noise([3, 2, 3, 3], 4),
        b: noise([3], 5),
        s: noise([3], 6),
        v: vector("float32", [1, 2, 3]),
        p: noise([3], 7),
      },
      d: noise([4, 48], 8),
      e: noise([4], 9),
    };
    const today = (slope: string, shape: readonly string[]): readonly NodeProto[] => [
      makeNode("Relu", ["n"], ["r"]),
      makeNode("PRelu", ["r", slope], ["q"]),
      makeNode(
        "Reshape",
        ["q", ...shape],
        ["f"],
        shape.length > 0 ? {} : { attributes: [intsAttribute("shape", [1, 48])] },
      ),
    ];
    const conv = (bias: readonly string[], output: string) =>
      makeNode("Conv", ["x", "w", ...bias], [output], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] });
    const gemm = (attributes: AttributeProto[]) => node("Gemm", ["f", "d", "e"], flag("transB"), ...attributes);
    const before = legacy({
      opset: 1,
      dims: [1, 2, 4, 4],
      nodes: [
        conv([], "t"),
        makeNode("Add", ["t", "b"], ["u"], { attributes: [flag("broadcast"), intAttribute("axis", 1)] }),
        makeNode("BatchNormalization", ["u", "s", "b", "s", "v"], ["n"], { attributes: [flag("is_test")] }),
        ...today("p", []),
        gemm([flag("broadcast")]),
      ],
      constants,
    });
    const now = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 2, 4, 4])],
      outputs: ["y"],
      nodes: [
        conv(["b"], "u"),
        makeNode("BatchNormalization", ["u", "s", "b", "s", "v"], ["n"]),
        ...today("q3", ["shape"]),
        gemm([]),
      ],
      constants: { ...constants, q3: { ...constants.p, dims: [3, 1, 1] }, shape: vector("int64", [1, 48]) },
    });
    const evaluate = (model: ModelProto) => run(model, new Map(), false);
    const { folded, notes } = await prepareModel(before, evaluate, ORT.opset);
    expect(notes).toContain("opset 1 converted to 13");
    expect(graphOf(folded).node.map(({ opType }) => opType)).toEqual(["Conv", "Relu", "PRelu", "Reshape", "Gemm"]);
    const feeds = new Map([["x", noise([1, 2, 4, 4], 11)]]);
    const [wanted, found] = [(await run(now, feeds)).get("y")!, (await run(folded, feeds)).get("y")];
    for (const [i, value] of [...(wanted.data as Float32Array)].entries()) expect(found?.data[i]).toBeCloseTo(value, 4);
  });

  it.each<[string, Case, RegExp]>([
    [
      "a Dropout in training",
      { opset: 6, dims: [2], nodes: [node("Dropout", ["x"])] },
      /Dropout, opset 6\).*training mode/,
    ],
    [
      "a BatchNormalization in training",
      {
        opset: 6,
        dims,
        nodes: [makeNode("BatchNormalization", ["x", "c", "c", "c", "c"], ["y", "a", "b"])],
        constants: { c },
      },
      /BatchNormalization, opset 6\).*training mode/,
    ],
    [
      "what was never a standard operator",
      { opset: 5, dims: [2], nodes: [node("ImageScaler", ["x"])] },
      /"ImageScaler:y" \(ImageScaler, opset 5\) cannot be converted to opset 7: the operator is not known there/,
    ],
    [
      "a Tile of data",
      { opset: 1, dims: [2], nodes: [makeNode("Abs", ["x"], ["t"]), node("Tile", ["x", "t", "t"])] },
      /Tile, opset 1\).*known only when it runs/,
    ],
    [
      "a Split that reads",
      { opset: 1, dims: [2], nodes: [node("Split", ["x", "c"])], constants: { c } },
      /Split, opset 1\)/,
    ],
    [
      "a Cast to no type",
      { opset: 1, dims: [2], nodes: [node("Cast", ["x"], stringAttribute("to", "toString"))] },
      /no type/,
    ],
    [
      "an order between",
      { opset: 1, dims: [1, 1, 2], nodes: [node("GlobalLpPool", ["x"], floatAttribute("p", 1.5))] },
      /of order 1\.5/,
    ],
    [
      "an axis without room",
      {
        opset: 6,
        dims: [2, 3],
        nodes: [node("Add", ["x", "c"], flag("broadcast"), intAttribute("axis", 2))],
        constants: { c },
      },
      /axis 2 leaves no room/,
    ],
  ])("refuses %s in one sentence", (_, parts, message) => {
    expect(() => convertOpset(legacy(parts), ORT.opset)).toThrow(InputError);
    expect(() => convertOpset(legacy(parts), ORT.opset)).toThrow(message);
  });
});
