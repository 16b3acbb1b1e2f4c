import { describe, expect, test } from "vitest";
import { optimizedOperators } from "../graph/testing/native.ts";
import type { GivenInputs } from "../model/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { RUNTIME_DOMAIN, withDomain } from "../onnx/opset.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import { needsShared } from "../testing/shared.ts";
import { assertLayersLeft } from "./layersLeft.ts";
import { defaultRecipe } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { sensitivity } from "./sensitivity.ts";
import { settle, settleAlone } from "./settle.ts";
import { sharedCase } from "./testing/cases.ts";
import { AS_WRITTEN, context, datasetOf, open, quantizeAndCompare, runtime, settledOn } from "./testing/quantized.ts";
import { tune } from "./tune.ts";

const FOLDED: GivenInputs = { ...AS_WRITTEN, quantized: "fold" };

describe("the shared cases", needsShared, () => {
  test.each([
    ["partly-quantized", AS_WRITTEN, 30, 2],
    ["partly-quantized", FOLDED, 25, 0],
    ["weight-through-dequantize", AS_WRITTEN, 28, 0],
    ["weight-through-dequantize", FOLDED, 28, 0],
  ] as const)("%s, opened with %o, runs in integers throughout", async (name, inputs, least, kept) => {
    const { bytes, calibration, unseen } = await sharedCase(name, ["x"]);
    const { quantized, sqnr, notices, recipe } = await quantizeAndCompare(bytes, calibration, unseen, inputs);
    expect(Math.min(...Object.values(sqnr))).toBeGreaterThan(least);
    expect(quantized.plan.layers.filter(({ reason }) => reason?.code === "kept")).toHaveLength(kept);
    expect((await optimizedOperators(quantized.model)).filter((type) => /Conv/.test(type))).toEqual(
      new Array(3).fill("QLinearConv"),
    );
    expect(faultsOf(quantized.model)).toEqual([]);
    expect(notices.filter(({ subject }) => subject === "quantized in part")).toHaveLength(1);
    expect(recipe.inputs).toEqual({ ...inputs, state: {} });
  });

  test("partly-quantized: layers are measured and searched; what is kept is no candidate", async () => {
    const { bytes, calibration } = await sharedCase("partly-quantized", ["x"]);
    const model = await open(bytes);
    const data = datasetOf(model, calibration);
    const recipe = await settledOn(model, data, 8);
    const measured = await sensitivity(
      model,
      recipe,
      data,
      { samples: 4, untilSettled: false },
      runtime,
      context,
      () => undefined,
    );
    expect(measured.layers.map(({ layer }) => layer)).toHaveLength(2);
    const request = { goal: "size", limit: { kind: "sqnr", decibels: 60 }, samples: 8, budget: null } as const;
    const { tuning } = await tune(model, defaultRecipe(model), data, request, runtime, context, () => undefined);
    const kept = new Set(["Conv13", "Relu15"]);
    const tried = tuning.points.flatMap(({ recipe: { float } }) => float.layers);
    expect(tried.filter((layer) => kept.has(layer))).toEqual([]);
  });
});

const chain = (weights: Readonly<Record<string, ReturnType<typeof noise>>>) =>
  buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: [floatInput("y", [1, 2, 4, 4])],
    nodes: [makeNode("Conv", ["x", "w"], ["c"]), makeNode("Conv", ["c", "v"], ["y"])],
    constants: weights,
  });
const small = chain({ w: noise([4, 3, 2, 2], 1), v: noise([2, 4, 2, 2], 2) });
const samples = Array.from({ length: 4 }, (_, i) => new Map([["x", noise([1, 3, 6, 6], i + 1)]]));

describe("what Octet wrote, opened again", () => {
  test("is refused, since it has no layer in float, unless it is folded back", async () => {
    const { quantized } = await quantizeAndCompare(small, samples, []);
    const bytes = concat(quantized.chunks);
    await expect(open(bytes)).rejects.toThrow(
      /"made\.onnx" is already quantized \(it has a \w+ layer\) and has no layer left in float.*--quantized fold/,
    );
    const { quantized: again, sqnr } = await quantizeAndCompare(bytes, samples, samples, FOLDED);
    expect(sqnr.y).toBeGreaterThan(25);
    const convs = again.plan.layers.filter(({ operator }) => operator === "Conv");
    expect(convs.map(({ precision }) => precision)).toEqual(["int8", "int8"]);
  });

  test("with one layer left in float: that one is quantized, and the other stays byte by byte", async () => {
    const model = await open(small);
    const left = { ...defaultRecipe(model), float: { ...defaultRecipe(model).float, layers: ["Conv:y"] } };
    const runtimes = { main: runtime, accelerator: null };
    const settled = await settle(
      model,
      left,
      datasetOf(model, samples),
      { samples: 4, calibration: null },
      runtimes,
      context,
    );
    const first = quantizeModel(model, settled.recipe);
    const weights = (of: ModelProto) => of.graph!.initializer.find(({ name }) => name === "w_quantized")?.rawData;
    const second = await quantizeAndCompare(concat(first.chunks), samples, samples);
    expect(second.quantized.plan.layers.filter(({ precision }) => precision === "int8").map(({ id }) => id)).toContain(
      "Conv:y",
    );
    const written = decodeModel(concat(second.quantized.chunks), "second.onnx");
    expect(weights(written)).toEqual(weights(first.model));
    expect(second.sqnr.y).toBeGreaterThan(25);
  });

  test("with weights alone in integers is a float model again", async () => {
    const model = await open(small);
    const recipe = { ...defaultRecipe(model), corrections: { equalization: false, bias: "none" as const } };
    const alone = settleAlone(model, { ...recipe, format: "weights" });
    const { sqnr } = await quantizeAndCompare(concat(quantizeModel(model, alone.recipe).chunks), samples, samples);
    expect(sqnr.y).toBeGreaterThan(25);
  });
});

describe("operators on integers that nothing folds", () => {
  test.each([
    ["QLinearAdd", RUNTIME_DOMAIN],
    ["MatMulNBits", RUNTIME_DOMAIN],
    ["QLinearConv", ""],
  ])("a model of %s alone is refused as quantized", (opType, domain) => {
    const model = buildModel({ opset: 13, outputs: ["y"], nodes: [makeNode(opType, ["x"], ["y"], { domain })] });
    expect(() => assertLayersLeft(model, model, "m.onnx")).toThrow(
      `"m.onnx" is already quantized (it has a ${opType} layer)`,
    );
  });

  test("beside a float layer they are carried", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 6, 6])],
      outputs: [floatInput("z", [1, 2, 5, 5]), floatInput("y", [1, 3, 6, 2])],
      nodes: [
        makeNode("Conv", ["x", "w"], ["z"]),
        makeNode("DynamicQuantizeMatMul", ["x", "m", "ms", "mz"], ["y"], { domain: RUNTIME_DOMAIN }),
      ],
      constants: {
        w: noise([2, 3, 2, 2], 1),
        m: { type: "int8", dims: [6, 2], data: Int8Array.from({ length: 12 }, (_, i) => i * 7 - 40) },
        ms: { type: "float32", dims: [1], data: Float32Array.of(0.01) },
        mz: { type: "int8", dims: [1], data: Int8Array.of(0) },
      },
    });
    const bytes = encode(withDomain(model, RUNTIME_DOMAIN));
    const { notices } = await open(bytes);
    expect(notices.filter(({ kind }) => kind === "warning").map(({ message }) => message)).toEqual([
      "The model is quantized in part: 1 node (DynamicQuantizeMatMul) works on quantized tensors and stays as it is; figures are against the model as it came; open it beside its float model to see what is quantized.",
    ]);
    const { quantized, sqnr } = await quantizeAndCompare(bytes, samples, samples);
    expect(sqnr.z).toBeGreaterThan(25);
    expect(sqnr.y).toBeGreaterThan(25);
    expect(quantized.plan.layers.map(({ precision }) => precision)).toEqual(["int8", "float32"]);
  });
});

function encode(model: ModelProto): Uint8Array {
  return concat(encodeModel(model));
}
