import { describe, expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { needsShared } from "../testing/shared.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

const worst = (sqnr: Readonly<Record<string, number>>) => Math.min(...Object.values(sqnr));
const DIMS = [1, 4, 8, 8];
const noises = (from: number, dims: readonly number[]): TensorMap[] =>
  Array.from({ length: 8 }, (_, i) => new Map([["x", noise(dims, from + i)]]));

describe("outputs named with nothing", needsShared, () => {
  test.each(["omitted-outputs", "maxpool-empty-output"])("%s runs and stays close", async (name) => {
    const { bytes, calibration, unseen } = await sharedCase(name, ["x"]);
    const { sqnr } = await quantizeAndCompare(bytes, calibration, unseen);
    expect(worst(sqnr)).toBeGreaterThan(25);
  });
});

const conv = (input: string, output: string) =>
  makeNode("Conv", [input, "w", "b"], [output], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] });
const pool = [intsAttribute("kernel_shape", [2, 2]), intsAttribute("strides", [2, 2])];

const CASES: readonly (readonly [string, readonly NodeProto[]])[] = [
  [
    "a MaxPool before an output, and one between layers",
    [
      conv("x", "a"),
      makeNode("MaxPool", ["a"], ["m", ""], { attributes: pool }),
      conv("m", "c"),
      makeNode("MaxPool", ["c"], ["out", ""], { attributes: pool }),
    ],
  ],
  [
    "a Dropout whose mask is left out between layers",
    [conv("x", "a"), makeNode("Dropout", ["a", "", ""], ["d", ""]), conv("d", "out")],
  ],
  [
    "a Dropout that makes an output",
    [conv("x", "a"), makeNode("Dropout", ["a"], ["d", ""]), conv("d", "e"), makeNode("Dropout", ["e"], ["out", ""])],
  ],
  [
    "an LSTM of which only the last state is read",
    [
      conv("x", "a"),
      makeNode("Reshape", ["a", "sequence"], ["q"]),
      makeNode("LSTM", ["q", "lw", "lr", "", "", "", ""], ["", "h", ""], {
        attributes: [intAttribute("hidden_size", 4)],
      }),
      makeNode("Reshape", ["h", "row"], ["f"]),
      makeNode("MatMul", ["f", "fw"], ["out"]),
    ],
  ],
  [
    "a Resize and a Clip with settings left out",
    [
      conv("x", "a"),
      makeNode("Clip", ["a", "", "high"], ["c"]),
      makeNode("Resize", ["c", "", "scales", ""], ["r"], { attributes: [stringAttribute("mode", "nearest")] }),
      conv("r", "d"),
      makeNode("Clip", ["d", "", ""], ["e"]),
      conv("e", "out"),
    ],
  ],
];

describe("what a node leaves out", () => {
  test.each(CASES)("%s runs and stays close", async (_, nodes) => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", DIMS)],
      outputs: ["out"],
      nodes,
      constants: {
        w: noise([4, 4, 3, 3], 3),
        b: noise([4], 4),
        sequence: vector("int64", [8, 4, 8]),
        lw: noise([1, 16, 8], 5),
        lr: noise([1, 16, 4], 6),
        row: vector("int64", [4, 4]),
        fw: noise([4, 4], 7),
        high: scalar("float32", 1.5),
        scales: vector("float32", [1, 1, 2, 2]),
      },
    });
    const { sqnr, quantized } = await quantizeAndCompare(model, noises(100, DIMS), noises(200, DIMS));
    expect(worst(sqnr)).toBeGreaterThan(18);
    expect(quantized.plan.layers.filter(({ reason }) => reason === null).length).toBeGreaterThan(0);
  });
});
