import { describe, expect, it } from "vitest";
import { optimizedOperators, run } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { withFloat, withTarget } from "../recipe/edits.ts";
import { TARGETS } from "../targets/index.ts";
import { refusalOf } from "../targets/target.ts";
import { exportJob } from "./export.ts";
import { defaultRecipe, planModel, summarizeModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle, settleAlone } from "./settle.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";
import { tune } from "./tune.ts";

const conv = (inputs: readonly string[], output: string, group = 1) =>
  makeNode("Conv", inputs, [output], { name: output, attributes: [intAttribute("group", group)] });

/** Channels that one scale for the whole tensor cannot hold. */
function steep(dims: readonly number[], seed: number): Tensor {
  const tensor = noise(dims, seed);
  const inner = dims.slice(1).reduce((product, dim) => product * dim, 1);
  const values = (tensor.data as Float32Array).map((value, i) => value * 1000 ** -(Math.floor(i / inner) / dims[0]!));
  return { ...tensor, data: values };
}

const NET = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 16, 10, 10])],
  outputs: ["y"],
  nodes: [
    conv(["x", "v"], "a"),
    conv(["a", "w", "b"], "middle"),
    conv(["middle", "small"], "thin", 16),
    makeNode("Flatten", ["thin"], ["flat"], { name: "flat" }),
    makeNode("MatMul", ["flat", "m"], ["y"], { name: "last" }),
  ],
  constants: {
    v: noise([16, 16, 3, 3], 1),
    w: steep([16, 16, 3, 3], 2),
    b: noise([16], 3),
    small: noise([16, 1, 1, 1], 4),
    m: noise([576, 12], 5),
  },
});

async function made(given: ModelProto, float: Partial<Recipe["float"]>, changes: Partial<Recipe> = {}) {
  const model = await open(given);
  const samples = Array.from({ length: 6 }, (_, i) => new Map([["x", noise([1, 16, 10, 10], 50 + i)]]));
  const dataset = datasetOf(model, samples);
  const plain = defaultRecipe(model);
  const asked: Recipe = { ...plain, ...changes, float: { ...plain.float, ...float } };
  const runtimes = { main: runtime, accelerator: null };
  const { recipe, calibration } = await settle(
    model,
    asked,
    dataset,
    { samples: 6, calibration: null },
    runtimes,
    context,
  );
  const { quantized } = exportJob(model, { recipe, calibration, evaluation: null, date: "" });
  const comparators = [new Comparator(), new Comparator()];
  for (let seed = 0; seed < 4; seed++) {
    const feeds = new Map([["x", noise([1, 16, 10, 10], 90 + seed)]]);
    const expected = (await run(given, feeds)).get("y")!.data as Float32Array;
    for (const [at, comparator] of comparators.entries()) {
      comparator.add(expected, (await run(quantized.model, feeds, at === 0)).get("y")!.data as Float32Array);
    }
  }
  const [optimized, literal] = comparators.map((comparator) => comparator.result().sqnr) as [number, number];
  const summary = summarizeModel(model, recipe);
  const reasons = new Map(
    summary.layers.map(({ id, precision, reason }) => [id, [precision, reason && reasonText(reason)]]),
  );
  return { model, recipe, quantized, summary, reasons, optimized, literal };
}

const NO_CORRECTIONS = { equalization: false, bias: "none" } as const;

const STORED = "the recipe has it computed in float, with its weights alone in int8";

describe("layers that a recipe names as stored", () => {
  it("are all in float and keep their weights in int8, a quarter of the bytes, with nothing left to compute of them", async () => {
    const { model, recipe, quantized, summary, reasons, optimized, literal } = await made(
      NET,
      { stored: ["a", "middle", "thin", "last"] },
      { elementwise: "float" },
    );
    expect(quantized.bytes).toBeLessThan(0.4 * model.bytes);
    const operators = await optimizedOperators(quantized.model);
    expect(
      operators.filter((operator) => /Quantize|Cast|Mul$|Integer/.test(operator) && operator !== "MatMul"),
    ).toEqual([]);
    for (const id of ["a", "middle", "last"]) expect(reasons.get(id)).toEqual(["int8", STORED]);
    expect(reasons.get("thin")).toEqual([
      "float32",
      "its weights are so small that keeping them in 8 bits would save nothing",
    ]);
    expect(summary.floatKernels).toEqual(["a", "middle", "last"]);
    expect(Object.keys(recipe.biases ?? {})).toEqual(["a", "middle"]);
    expect(Math.min(optimized, literal)).toBeGreaterThan(38);
  });

  it("are rounded so that the errors of an output channel nearly cancel, as those of integer layers are", async () => {
    const { quantized } = await made(NET, { stored: ["a", "middle", "last"] }, { corrections: NO_CORRECTIONS });
    const valuesOf = (name: string) =>
      tensorOf(quantized.model.graph!.initializer.find((each) => each.name === name)!).data;
    for (const [weight, channelOf] of [
      ["v", (at: number) => Math.floor(at / 144)],
      ["w", (at: number) => Math.floor(at / 144)],
      ["m", (at: number) => at % 12],
    ] as const) {
      const scales = valuesOf(`${weight}_scale`) as Float32Array;
      const float = tensorOf(NET.graph!.initializer.find(({ name }) => name === weight)!).data as Float32Array;
      const sums = new Float64Array(scales.length);
      for (const [at, code] of (valuesOf(`${weight}_quantized`) as Int8Array).entries()) {
        const channel = channelOf(at);
        sums[channel]! += code - float[at]! / scales[channel]!;
      }
      expect(Math.max(...sums.map(Math.abs))).toBeLessThan(0.51);
    }
  });

  it("stand between integer ones, and keep scales of their own in the runtime", async () => {
    const { quantized, reasons, optimized, literal } = await made(NET, { stored: ["middle"] });
    expect(reasons.get("middle")).toEqual(["int8", STORED]);
    expect(reasons.get("a")).toEqual(["int8", null]);
    const int8 = quantized.model.graph!.initializer.filter(({ name }) => /^w_quantized/.test(name));
    expect(int8.map(({ dims }) => dims.map(Number))).toEqual([[16, 16, 3, 3]]);
    expect(quantized.model.graph!.initializer.some(({ name }) => name === "w")).toBe(false);
    expect(await optimizedOperators(quantized.model)).not.toContain("Cast");
    expect(Math.abs(optimized - literal)).toBeLessThan(0.2);
    expect(optimized).toBeGreaterThan(25);
  });

  it("share their weights with integer ones", async () => {
    const twice = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 16, 10, 10])],
      outputs: ["y"],
      nodes: [conv(["x", "v"], "a"), conv(["a", "v"], "y")],
      constants: { v: noise([16, 16, 3, 3], 1) },
    });
    const { optimized, reasons } = await made(twice, { stored: ["y"] });
    expect([reasons.get("a"), reasons.get("y")]).toEqual([
      ["int8", null],
      ["int8", STORED],
    ]);
    expect(optimized).toBeGreaterThan(30);
  });

  it("are in float whole where the recipe says that too, and in integers again when they are taken back", async () => {
    const { model, recipe, reasons } = await made(NET, { stored: ["middle", "last"], layers: ["middle"] });
    expect(reasons.get("middle")).toEqual(["float32", "the recipe leaves this layer in float"]);
    expect(reasons.get("last")).toEqual(["int8", STORED]);
    const back = withFloat(recipe, "layers", ["middle"], false);
    expect(back.float).toEqual({ ...recipe.float, layers: [], stored: ["last"] });
    expect(back.resolved).toBeNull();
    const { layers } = planModel(model, { ...back, spared: null });
    expect(layers.find(({ id }) => id === "middle")?.reason).toBeNull();
  });

  it("have a weight to store: one computed at run time, or of NaN, is in float, and says why", async () => {
    const weights = noise([16, 16, 1, 1], 7);
    const faulty = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 16, 10, 10])],
      outputs: ["y"],
      nodes: [
        conv(["x", "v"], "a"),
        makeNode("ReduceMean", ["a"], ["mean"], { name: "mean", attributes: [intAttribute("keepdims", 1)] }),
        makeNode("Mul", ["w", "mean"], ["made"], { name: "made" }),
        conv(["a", "made"], "late"),
        conv(["late", "nan"], "y"),
      ],
      constants: {
        v: noise([16, 16, 3, 3], 1),
        w: weights,
        nan: { ...weights, data: (weights.data as Float32Array).map((value, i) => (i === 9 ? Number.NaN : value)) },
      },
    });
    const model = await open(faulty);
    const plain = defaultRecipe(model);
    const recipe = { ...plain, float: { ...plain.float, stored: ["late", "y", "nowhere"] } };
    const { layers, floatKernels, notices } = summarizeModel(model, recipe);
    const told = (id: string) => layers.find((layer) => layer.id === id);
    expect(told("late")).toMatchObject({ precision: "float32", reason: { code: "recipe-layer" } });
    expect(told("y")).toMatchObject({ precision: "float32", reason: { code: "weight-not-finite" } });
    expect(floatKernels).toEqual([]);
    expect(notices.map(({ message }) => message)).toContain(
      "The recipe leaves the layer nowhere in float, but the prepared model has none of that name.",
    );
  });
});

describe("layers in float that keep their weights in float16 or int4", () => {
  const all = (type: "float16" | "int4", ...names: readonly string[]) => ({
    layers: ["thin"],
    storedAs: Object.fromEntries(names.map((name) => [name, type])),
  });

  it("are computed in float with nothing left to compute of their weights, in half and in an eighth of the bytes or little more", async () => {
    const names = ["a", "middle", "last"];
    const half = await made(NET, all("float16", ...names), { elementwise: "float", corrections: NO_CORRECTIONS });
    const blocks = await made(NET, all("int4", ...names), { elementwise: "float", corrections: NO_CORRECTIONS });
    for (const { quantized, optimized, literal } of [half, blocks]) {
      const operators = await optimizedOperators(quantized.model);
      expect(
        operators.filter((operator) => /Quantize|Cast|Mul$|Expand/.test(operator) && operator !== "MatMul"),
      ).toEqual([]);
      expect(Math.abs(optimized - literal)).toBeLessThan(0.5);
    }
    expect(half.reasons.get("middle")).toEqual([
      "float16",
      "the recipe has it computed in float, with its weights alone in float16",
    ]);
    expect(blocks.reasons.get("middle")).toEqual([
      "int4",
      "the recipe has it computed in float, with its weights alone in int4, in blocks of 32",
    ]);
    expect(half.quantized.bytes / half.model.bytes).toBeLessThan(0.6);
    expect(blocks.quantized.bytes).toBeLessThan(0.42 * half.quantized.bytes);
    expect(half.literal).toBeGreaterThan(60);
    expect(blocks.literal).toBeGreaterThan(14);
  });

  it("have their rows in blocks of 32, the last one of what is left, as a blocked DequantizeLinear has them", async () => {
    const { quantized } = await made(NET, all("int4", "last"), { elementwise: "float", corrections: NO_CORRECTIONS });
    const { graph } = quantized.model;
    const dims = (name: string) => graph!.initializer.find((each) => each.name === name)!.dims.map(Number);
    expect([dims("m_quantized"), dims("m_scale")]).toEqual([
      [576, 12],
      [18, 12],
    ]);
    const odd = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 16, 10, 10])],
      outputs: ["y"],
      nodes: [conv(["x", "v"], "y")],
      constants: { v: noise([8, 16, 3, 3], 1) },
    });
    const seven = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 16, 10, 10])],
      outputs: ["y"],
      nodes: [
        makeNode("Reshape", ["x", "shape"], ["rows"], { name: "rows" }),
        makeNode("MatMul", ["rows", "m"], ["y"], { name: "last" }),
      ],
      constants: { shape: { type: "int64", dims: [2], data: BigInt64Array.of(40n, 40n) }, m: noise([40, 9], 3) },
    });
    const conved = await made(odd, all("int4", "y"), { elementwise: "float", corrections: NO_CORRECTIONS });
    const cut = await made(seven, all("int4", "last"), { elementwise: "float", corrections: NO_CORRECTIONS });
    expect(conved.literal).toBeGreaterThan(14);
    expect(cut.literal).toBeGreaterThan(14);
    const nodes = cut.quantized.model.graph!.node.map(({ opType }) => opType);
    expect(nodes).toContain("Slice");
  });

  it("are refused by targets and formats that do not take them, with the way out", async () => {
    const { model, recipe } = await made(NET, all("float16", "middle"));
    const planned = (changes: Partial<Recipe>) => () => quantizeModel(model, { ...recipe, ...changes });
    expect(planned({ format: "float16" })).toThrow(
      "The format float16 has weights of layers in float as it has all of them; take middle back",
    );
    const float = { ...recipe.float, ...all("int4", "middle") };
    expect(refusalOf(TARGETS["vitis-npu"], { ...withTarget(recipe, "vitis-npu"), float })).toMatch(
      "Weights in int4 of layers in float have free scales",
    );
    expect(refusalOf(TARGETS.tensorrt, withTarget(recipe, "tensorrt"))).toBe(
      "TensorRT takes no weights of single layers in float16; choose int8 or float32.",
    );
  });

  it("stay in float32, and say why, where float16 would be infinite", async () => {
    const large = noise([16, 16, 1, 1], 7);
    (large.data as Float32Array)[3] = 1e5;
    const net = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 16, 10, 10])],
      outputs: ["y"],
      nodes: [conv(["x", "v"], "a"), conv(["a", "w"], "y")],
      constants: { v: noise([16, 16, 3, 3], 1), w: large },
    });
    const { reasons } = await made(net, all("float16", "y"));
    expect(reasons.get("y")).toEqual(["float32", "w holds values above 65504, which are infinite in float16"]);
  });
});

it("a search that mixes forms keeps a limit in fewer bytes than one that has float32 alone, in the file that its recipe gives", async () => {
  const model = await open(NET);
  const samples = Array.from({ length: 8 }, (_, i) => new Map([["x", noise([1, 16, 10, 10], 50 + i)]]));
  const dataset = datasetOf(model, samples);
  const start: Recipe = { ...defaultRecipe(model), elementwise: "float" };
  const request = { limit: { kind: "sqnr", decibels: 40 }, goal: "size", samples: 8, budget: null } as const;
  const searched = async (mix: boolean) =>
    (await tune(model, start, dataset, { ...request, ...(mix && { mix }) }, runtime, context, () => undefined)).tuning;
  const [alone, mixed] = [await searched(false), await searched(true)];
  const [float, best] = [alone.points[alone.best]!, mixed.points[mixed.best]!];
  expect([float.passed, best.passed]).toEqual([true, true]);
  expect(best.bytes).toBeLessThan(0.5 * float.bytes);
  expect(quantizeModel(model, best.recipe).bytes).toBe(best.bytes);
});

it("a model that no blocks fit, with weights too small to gain by 8 bits, is refused with the way out", async () => {
  const tiny = buildModel({
    opset: 21,
    inputs: [floatInput("x", [1, 2, 6, 6])],
    outputs: ["y"],
    nodes: [conv(["x", "w"], "y")],
    constants: { w: noise([4, 2, 3, 3], 1) },
  });
  const model = await open(tiny);
  const plain = defaultRecipe(model);
  const asked = (weights: Partial<Recipe["weights"]>): Recipe => ({
    ...plain,
    format: "weights",
    corrections: NO_CORRECTIONS,
    weights: { ...plain.weights, type: "uint4", ...weights },
  });
  const made = (recipe: Recipe) => quantizeModel(model, settleAlone(model, recipe).recipe);
  expect(() => made(asked({ block: 32, others: "wider", operator: "dequantize" }))).toThrow(
    "Nothing in made would be quantized: no blocks fit what has weights so small that keeping them in 8 bits would save nothing; choose a scale a channel for uint4 without blocks.",
  );
  expect(made(asked({})).plan.layers.map(({ precision }) => precision)).toEqual(["uint4"]);
});
