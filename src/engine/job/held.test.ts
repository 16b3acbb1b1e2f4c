import { describe, expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type NodeProto, type ValueInfoProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { needsShared } from "../testing/shared.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

const worst = (sqnr: Readonly<Record<string, number>>) => Math.min(...Object.values(sqnr));

describe("two-tower with one input held", needsShared, () => {
  test.each([
    ["a", "b", 0.5],
    ["b", "a", 0.5],
    ["a", "b", -2],
    ["a", "b", 0],
  ])("%s is fed and %s is held at %d", async (fed, held, value) => {
    const { bytes, calibration, unseen } = await sharedCase("two-tower", [fed]);
    const inputs = { shapes: {}, values: { [held]: value } };
    const { sqnr, recipe, quantized } = await quantizeAndCompare(bytes, calibration, unseen, inputs);
    expect(worst(sqnr)).toBeGreaterThan(25);
    expect(quantized.plan.groupOf.get(held)).toBe(held);
    expect(recipe.resolved?.[held]).toEqual({ low: Math.min(value, 0), high: Math.max(value, 0) });
  });
});

const DIMS = [1, 4, 6, 6];
const noises = (from: number): TensorMap[] =>
  Array.from({ length: 8 }, (_, i) => new Map([["x", noise(DIMS, from + i)]]));

function integerInput(name: string, dims: readonly number[]): ValueInfoProto {
  const port = floatInput(name, dims);
  const value = port.type?.value;
  if (value?.case === "tensorType") value.value.elemType = Code.INT64;
  return port;
}

const conv = (input: string, output: string) =>
  makeNode("Conv", [input, "w"], [output], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] });

interface Held {
  readonly port: ValueInfoProto;
  readonly value: number;
  readonly nodes: readonly NodeProto[];
  readonly outputs?: readonly string[];
}

const CASES: readonly (readonly [string, Held])[] = [
  [
    "feeds a mover",
    {
      port: floatInput("h", [1, 6, 6, 4]),
      value: 0.75,
      nodes: [
        makeNode("Transpose", ["h"], ["t"], { attributes: [intsAttribute("perm", [0, 3, 1, 2])] }),
        conv("t", "c"),
        makeNode("Add", ["a", "c"], ["s"]),
        conv("s", "out"),
      ],
    },
  ],
  [
    "is clamped and concatenated",
    {
      port: floatInput("h", DIMS),
      value: -3,
      nodes: [
        makeNode("Relu", ["h"], ["r"]),
        makeNode("Concat", ["a", "h", "r"], ["s"], { attributes: [intAttribute("axis", 2)] }),
        conv("s", "out"),
      ],
    },
  ],
  [
    "is an integer",
    {
      port: integerInput("h", [1]),
      value: 2,
      nodes: [
        makeNode("Gather", ["a", "h"], ["g"], { attributes: [intAttribute("axis", 1)] }),
        makeNode("Add", ["a", "g"], ["s"]),
        conv("s", "out"),
      ],
    },
  ],
  [
    "is a scalar",
    {
      port: floatInput("h", []),
      value: 1.5,
      nodes: [makeNode("Mul", ["a", "h"], ["s"]), conv("s", "out")],
    },
  ],
  [
    "is an output as well",
    {
      port: floatInput("h", DIMS),
      value: 0.5,
      nodes: [conv("h", "c"), makeNode("Add", ["a", "c"], ["s"]), conv("s", "out")],
      outputs: ["out", "h"],
    },
  ],
  [
    "is copied to an output",
    {
      port: floatInput("h", DIMS),
      value: 0.5,
      nodes: [makeNode("Identity", ["h"], ["copy"]), conv("h", "c"), makeNode("Add", ["a", "c"], ["out"])],
      outputs: ["out", "copy"],
    },
  ],
  [
    "is read by nothing",
    { port: floatInput("h", DIMS), value: 0.5, nodes: [makeNode("Relu", ["a"], ["r"]), conv("r", "out")] },
  ],
];

describe("a held input", () => {
  test.each(CASES)("that %s", async (_, { port, value, nodes, outputs = ["out"] }) => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", DIMS), port],
      outputs,
      nodes: [conv("x", "a"), ...nodes],
      constants: { w: noise([4, 4, 3, 3], 3) },
    });
    const inputs = { shapes: {}, values: { h: value } };
    const { sqnr } = await quantizeAndCompare(model, noises(1), noises(50), inputs);
    expect(worst({ ...sqnr, h: Number.POSITIVE_INFINITY })).toBeGreaterThan(20);
  });
});
