import { beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../model/evaluation.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { defaultRecipe, type OpenModel } from "./open.ts";
import { withOrigin } from "./origin.ts";
import { quantizeModel } from "./quantize.ts";
import { Beside } from "./quantizedBeside.ts";
import { readQuantized } from "./readQuantized.ts";
import { settle } from "./settle.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

const SIZE = 8;
const ENDS = { opset: 13, inputs: [floatInput("x", [1, SIZE])], outputs: ["z"] };
const square = (data: Float32Array): Tensor => ({ type: "float32", dims: [SIZE, SIZE], data });
const identity = square(Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % (SIZE + 1) === 0 ? 1 : 0)));
const dense = square((noise([SIZE, SIZE], 3).data as Float32Array).map((value) => value + Math.sign(value)));
const sample = (...values: number[]): TensorMap =>
  new Map([
    ["x", { type: "float32", dims: [1, SIZE], data: Float32Array.from({ length: SIZE }, (_, i) => values[i] ?? 0) }],
  ]);
const JUDGE = [sample(2, -3, 0.995, -1, 0.5), sample(1.5, 0, 0, 0, 0, 0, 0, -8), sample(4)];

/** y is x, r what of it is positive, and z a product of that. */
const floatModel = () =>
  buildModel({
    ...ENDS,
    nodes: [
      makeNode("MatMul", ["x", "first_weight"], ["y"], { name: "first" }),
      makeNode("Relu", ["y"], ["r"], { name: "relu" }),
      makeNode("MatMul", ["r", "last_weight"], ["z"], { name: "last" }),
    ],
    constants: { first_weight: identity, last_weight: dense },
  });

/** Weights in codes of so many bits, one scale for all. */
function codesOf({ data, dims }: Tensor, bits: number) {
  const most = 2 ** (bits - 1) - 1;
  const values = data as Float32Array;
  const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / most;
  const codes = Int8Array.from(values, (value) => Math.floor(value / scale + 0.5));
  return { codes: { type: "int8", dims, data: codes } satisfies Tensor, scale: scalar("float32", scale) };
}

/** As ONNX Runtime's tool writes it: x in -1..127/128, and y, whose Relu is left out, in 0..255/128. */
function toolsFile({ first = identity, last = dense, bits = 8 } = {}): ModelProto {
  const [one, two] = [codesOf(first, bits), codesOf(last, bits)];
  const pair = (tensor: string, zero: string) => [
    makeNode("QuantizeLinear", [tensor, "step", zero], [`${tensor}_quantized`], { name: `${tensor}_Q` }),
    makeNode("DequantizeLinear", [`${tensor}_quantized`, "step", zero], [`${tensor}_dequantized`], {
      name: `${tensor}_DQ`,
    }),
  ];
  const weight = (layer: string) =>
    makeNode("DequantizeLinear", [`${layer}_codes`, `${layer}_scale`], [`${layer}_values`], { name: `${layer}_DQ` });
  return buildModel({
    ...ENDS,
    nodes: [
      ...[weight("first"), weight("last"), ...pair("x", "middle")],
      makeNode("MatMul", ["x_dequantized", "first_values"], ["y"], { name: "first" }),
      ...pair("y", "least"),
      makeNode("MatMul", ["y_dequantized", "last_values"], ["z"], { name: "last" }),
    ],
    constants: {
      ...{ first_codes: one.codes, first_scale: one.scale, last_codes: two.codes, last_scale: two.scale },
      step: scalar("float32", 1 / 128),
      middle: { type: "uint8", dims: [], data: Uint8Array.of(128) },
      least: { type: "uint8", dims: [], data: Uint8Array.of(0) },
    },
  });
}

let model: OpenModel;
beforeAll(async () => {
  model = await open(floatModel());
});

async function evaluated(file: ModelProto, recipe: Recipe = defaultRecipe(model)): Promise<Evaluation> {
  const source = { bytes: concat(encodeModel(file)), fileName: "given.onnx", readBeside: async () => null };
  const beside = new Beside(model, await readQuantized(source));
  const range = { skip: 0, samples: JUDGE.length, limit: 0.01 };
  return beside.evaluate(datasetOf(model, JUDGE), range, "test", recipe, runtime, context);
}

const shares = ({ clipped }: Evaluation) =>
  Object.fromEntries((clipped ?? []).map(({ tensor, share, values }) => [tensor, [share * values, values]]));
const about = ({ notices }: Evaluation) => notices.filter(({ message }) => message.includes("clip ranges"));

/** The tensor with its columns, or its rows, scaled alternately by `factor` and not. */
const scaled = ({ data, dims }: Tensor, along: "rows" | "columns", factor: number): Tensor => ({
  ...{ type: "float32", dims },
  data: (data as Float32Array).map((value, i) => {
    const at = along === "rows" ? Math.floor(i / SIZE) : i % SIZE;
    return at % 2 === 0 ? value * factor : value;
  }),
});

async function settled(changes: Partial<Recipe>): Promise<Recipe> {
  const recipe = { ...defaultRecipe(model), method: "minmax" as const, elementwise: "join" as const, ...changes };
  const calibrate = [sample(1, -1, 0.5), sample(-0.5, 0.25, 1)];
  const request = { samples: calibrate.length, calibration: null };
  const runtimes = { main: runtime, accelerator: null };
  return (await settle(model, recipe, datasetOf(model, calibrate), request, runtimes, context)).recipe;
}

describe("what the clip ranges of a given file cut off", () => {
  it("is counted by its scales, up to half a step beyond them, and not before a Relu that the file leaves out", async () => {
    const evaluation = await evaluated(toolsFile());
    expect(evaluation.clipped?.map(({ tensor, producer }) => [tensor, producer])).toEqual([
      ["x", null],
      ["r", "relu"],
    ]);
    const ends = evaluation.clipped!.flatMap(({ range }) => [range.low, range.high]);
    expect(ends).toEqual([-1, 127 / 128, 0, 255 / 128]);
    // x: 2, -3, 1.5, -8 and 4; r: 2 and 4.
    expect(shares(evaluation)).toEqual({ x: [5, 24], r: [2, 24] });
    expect(about(evaluation)).toEqual([]);
  });

  it("is counted by the recipe where the file says that it was made by it", async () => {
    const recipe = await settled({ ranges: { r: { low: 0, high: 1.75 } } });
    const file = withOrigin(quantizeModel(model, recipe).file, model.sha256, recipe);
    const byRecipe = await evaluated(file, recipe);
    expect(byRecipe.clipped?.map(({ tensor, range }) => [tensor, range])).toEqual([
      ["x", { low: -1, high: 1 }],
      ["r", { low: 0, high: 1.75 }],
    ]);
    const byFile = await evaluated(file);
    expect(shares(byFile)).toEqual(shares(byRecipe));
    for (const [at, { range }] of byFile.clipped!.entries()) {
      expect(Math.abs(range.high - byRecipe.clipped![at]!.range.high)).toBeLessThan(2 / 255);
    }
  });

  it.each([
    ["dynamic", { format: "dynamic" }],
    ["with weights alone", { format: "weights" }],
  ] as const)("is nothing that is said of a file that is %s", async (_, changes) => {
    const { file } = quantizeModel(model, { ...defaultRecipe(model), ...changes, resolved: {} });
    const evaluation = await evaluated(file);
    expect(evaluation.clipped).toBeUndefined();
    expect(about(evaluation)).toEqual([]);
  });

  it.each(["rows", "columns"] as const)(
    "is not counted where %s of a weight are scaled, which is told",
    async (along) => {
      for (const factor of [1.25, 0.8]) {
        const evaluation = await evaluated(toolsFile({ last: scaled(dense, along, factor) }));
        expect(evaluation.clipped).toBeUndefined();
        expect(about(evaluation)).toEqual([
          expect.objectContaining({
            kind: "info",
            subject: "given.onnx",
            message: expect.stringMatching(
              /^What its clip ranges cut off was not counted, .*: the weight of last is not that of last, rounded/,
            ),
          }),
        ]);
      }
    },
  );

  it("is not counted where a weight was trained on, however little of it is along the float one", async () => {
    const by = noise(dense.dims, 17).data as Float32Array;
    const trained = { ...dense, data: (dense.data as Float32Array).map((value, at) => value + 0.3 * by[at]!) };
    const evaluation = await evaluated(toolsFile({ last: trained }));
    expect(evaluation.clipped).toBeUndefined();
    expect(about(evaluation)).toHaveLength(1);
  });

  it("is counted where a weight was trained on by less than a tenth, and how much of it differs is told", async () => {
    const by = noise(dense.dims, 17).data as Float32Array;
    const before = dense.data as Float32Array;
    const trained = {
      ...dense,
      data: before.map((value, at) => (at < 16 ? value + 0.09 * Math.sign(by[at]!) : value)),
    };
    const scale = trained.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / 127;
    expect(0.09).toBeGreaterThan(1.6 * scale);
    const evaluation = await evaluated(toolsFile({ last: trained }));
    expect(evaluation.clipped).toBeDefined();
    const [told, ...others] = about(evaluation);
    expect(others).toEqual([]);
    expect(told).toMatchObject({ kind: "info", subject: "given.onnx" });
    expect(told!.message).toMatch(
      /^12\.5 % of the weights in codes, in 1 of 2 layers, are more than a step from the float ones, most in last \(25\.0 %\): they were trained on, found on samples, or scaled/,
    );
  });

  it("is not told of weights that a scale cuts off", async () => {
    const cut = { ...dense, data: (dense.data as Float32Array).map((value) => Math.max(-1.9, Math.min(1.9, value))) };
    expect(about(await evaluated(toolsFile({ last: cut })))).toEqual([]);
  });

  it("is counted where weights are rounded coarsely", async () => {
    expect(shares(await evaluated(toolsFile({ bits: 4 })))).toEqual({ x: [5, 24], r: [2, 24] });
    const coarse = await evaluated(toolsFile({ bits: 3 }));
    expect(shares(coarse)).toEqual({ x: [5, 24], r: [2, 24] });
    expect(about(coarse)).toEqual([]);
  });
});
