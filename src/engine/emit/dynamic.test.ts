import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { optimizedOperators, relativeDifference, run } from "../graph/testing/native.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { channelLayout } from "../numerics/channels.ts";
import { dequantizeWeights } from "../numerics/weights.ts";
import { intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { floatKernels } from "../plan/kernels.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { roundHalfEven } from "../values/round.ts";
import { leastSqnr, noiseFeeds, type Trial, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });
const format = "dynamic" as const;

type Attributes = NonNullable<NonNullable<Parameters<typeof makeNode>[3]>["attributes"]>;
const node = (opType: string, inputs: readonly string[], output: string, attributes: Attributes = []) =>
  makeNode(opType, inputs, [output], { name: output, attributes });

const operatorsOf = ({ model }: Trial) => model.graph?.node.map(({ opType }) => opType) ?? [];
const count = (trial: Trial, operator: string) => operatorsOf(trial).filter((each) => each === operator).length;

/** Rows whose size differs a hundredfold: one scale for all would lose the small ones. */
function uneven(dims: readonly number[], axis: number, seed: number): Tensor {
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const { data } = noise(dims, seed);
  const channels = dims[axis]!;
  const sized = (data as Float32Array).map((value, at) => value * 0.01 ** ((Math.floor(at / inner) % channels) % 2));
  return { type: "float32", dims, data: sized };
}

function network(nodes: ReturnType<typeof node>[], dims: readonly number[], constants: Record<string, Tensor>) {
  return buildModel({ opset: 17, inputs: [floatInput("x", dims)], outputs: ["out"], nodes, constants });
}

const PADS = intsAttribute("pads", [1, 1, 1, 1]);
const conv = network([node("Conv", ["x", "w", "b"], "out", [PADS])], [2, 3, 6, 6], {
  w: uneven([4, 3, 3, 3], 0, 5),
  b: noise([4], 6),
});
const dense = network([node("MatMul", ["x", "w"], "m"), node("Add", ["m", "b"], "out")], [2, 5, 8], {
  w: uneven([8, 6], 1, 3),
  b: noise([6], 4),
});

/** What DynamicQuantizeLinear makes of a tensor (ONNX, opset 11), as values again. */
function rounded({ data }: Tensor): Float32Array {
  const values = Array.from(data as Float32Array, Number);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const scale = Math.fround((high - low) / 255);
  const zero = Math.min(Math.max(roundHalfEven(-low / scale), 0), 255);
  const code = (value: number) => Math.min(Math.max(roundHalfEven(value / scale) + zero, 0), 255);
  return Float32Array.from(values, (value) => (code(value) - zero) * scale);
}

/** The float model with the weight that is written, on the input that it is rounded to. */
async function expected(model: ModelProto, { plan }: Trial): Promise<Tensor> {
  const layer = plan.layers.find(({ weightUse }) => weightUse)!;
  const recipe = { ...PLAIN_RECIPE, format, rounding: null, resolved: {} };
  const { codes, dims, axis, scales } = plannedWeight(layer, layer.weightUse!, plan, recipe);
  const data = dequantizeWeights(codes, channelLayout(dims, axis), scales);
  const x = noiseFeeds(model, 1).get("x")!;
  const named = buildModel({
    opset: 17,
    inputs: [floatInput("x", x.dims as number[])],
    outputs: ["out"],
    nodes: model.graph!.node,
    constants: { w: { type: "float32", dims, data }, b: model === conv ? noise([4], 6) : noise([6], 4) },
  });
  return (await run(named, new Map([["x", { type: "float32", dims: x.dims, data: rounded(x) }]]), false)).get("out")!;
}

describe("scales that are found at run time", () => {
  it.each([
    ["Conv", conv, "ConvInteger"],
    ["MatMul and Add of sequences", dense, "MatMulInteger"],
  ])("come to the float layer of rounded weights on a rounded input: %s", async (_, model, operator) => {
    const trial = await tryOut(model, { format });
    expect(count(trial, operator)).toBe(1);
    expect(trial.plan.groups).toEqual([]);
    const wanted = await expected(model, trial);
    const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
    const feeds = noiseFeeds(model, 1);
    const results = [await run(trial.model, feeds, false), await run(trial.model, feeds), await session.run(feeds)];
    await session.dispose();
    for (const result of results) expect(relativeDifference(wanted, result.get("out"))).toBeLessThan(1e-5);
    // Of 1 % of the others' size, the small channels would be left with a tenth of this by one scale.
    expect(leastSqnr(trial)).toBeGreaterThan(35);
  });

  it("multiply those of many channels, which are kept in float16 as it holds them, dead channels too", async () => {
    const w = uneven([8, 40], 1, 3);
    const data = (w.data as Float32Array).map((value, at) => (at % 40 === 7 ? 0 : value));
    const model = network([node("MatMul", ["x", "w"], "out")], [5, 8], { w: { ...w, data } as Tensor });
    const trial = await tryOut(model, { format });
    const types = new Map(trial.model.graph!.initializer.map(({ name, dataType }) => [name, dataType]));
    expect(types.get("w_scale")).toBe(Code.FLOAT16);
    expect((await optimizedOperators(trial.model)).filter((each) => each !== "DynamicQuantizeMatMul")).toEqual([]);
    expect(leastSqnr(trial)).toBeGreaterThan(35);
    const tiny = { ...w, data: data.map((value) => value * 2 ** -40) } as Tensor;
    const small = await tryOut(network([node("MatMul", ["x", "w"], "out")], [5, 8], { w: tiny }), { format });
    expect(small.model.graph!.initializer.every(({ dataType }) => dataType !== Code.FLOAT16)).toBe(true);
    expect(leastSqnr(small)).toBeGreaterThan(35);
  });

  it.each([
    ["one dimension", [2, 3, 9], [4, 3, 3], [intsAttribute("pads", [1, 1]), intsAttribute("strides", [2])]],
    ["three dimensions", [1, 3, 4, 5, 6], [4, 3, 2, 2, 2], []],
    ["pads that are worked out", [1, 3, 7, 7], [4, 3, 3, 3], [stringAttribute("auto_pad", "SAME_UPPER")]],
    ["dilations", [1, 3, 9, 9], [4, 3, 3, 3], [intsAttribute("dilations", [2, 2])]],
  ] as const)("are those of a Conv of %s", async (_, dims, kernel, attributes) => {
    const model = network([node("Conv", ["x", "w", "b"], "out", [...attributes])], dims, {
      w: noise(kernel, 5),
      b: noise([4], 6),
    });
    const trial = await tryOut(model, { format });
    expect(count(trial, "ConvInteger")).toBe(1);
    expect(leastSqnr(trial)).toBeGreaterThan(35);
    const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
    const feeds = noiseFeeds(model, 1);
    const inWasm = await session.run(feeds);
    await session.dispose();
    expect(relativeDifference((await run(trial.model, feeds)).get("out"), inWasm.get("out"))).toBeLessThan(1e-5);
  });

  it("are found once for all that read a tensor", async () => {
    const model = network(
      [node("Conv", ["x", "w"], "c"), node("Conv", ["x", "v"], "d"), node("Add", ["c", "d"], "out")],
      [1, 3, 6, 6],
      { w: noise([4, 3, 3, 3], 5), v: noise([4, 3, 3, 3], 7) },
    );
    const trial = await tryOut(model, { format });
    expect([count(trial, "DynamicQuantizeLinear"), count(trial, "ConvInteger")]).toEqual([1, 2]);
    expect(leastSqnr(trial)).toBeGreaterThan(35);
  });

  it.each([
    ["MatMul", dense, ["DynamicQuantizeMatMul"]],
    [
      "two of one input",
      network(
        [node("MatMul", ["x", "w"], "m"), node("MatMul", ["x", "v"], "n"), node("Add", ["m", "n"], "out")],
        [4, 8],
        { w: noise([8, 6], 3), v: noise([8, 6], 4) },
      ),
      ["MatMulIntegerToFloat", "MatMulIntegerToFloat"],
    ],
    [
      "Gemm of a transposed weight",
      network([node("Gemm", ["x", "w", "b"], "out", [intAttribute("transB", 1)])], [4, 8], {
        w: uneven([6, 8], 0, 3),
        b: noise([6], 4),
      }),
      ["DynamicQuantizeMatMul"],
    ],
  ])("are fused by the runtime: %s", async (_, model, kernels) => {
    const trial = await tryOut(model, { format });
    const made = await optimizedOperators(trial.model);
    expect(made.filter((operator) => operator.includes("MatMul"))).toEqual(kernels);
    expect(leastSqnr(trial)).toBeGreaterThan(35);
  });
});

describe("what is slow or not to be had in integers", () => {
  const wide = { w: noise([8, 1, 3, 3], 5), v: noise([8, 4, 2, 2], 7) };
  it.each([
    ["depthwise Conv", network([node("Conv", ["x", "w"], "out", [intAttribute("group", 8)])], [1, 8, 6, 6], wide)],
    ["ConvTranspose", network([node("ConvTranspose", ["x", "v"], "out")], [1, 8, 6, 6], wide)],
    ["MatMul whose constant comes first", network([node("MatMul", ["m", "x"], "out")], [8, 4], { m: noise([6, 8]) })],
    [
      "Gemm of a transposed input",
      network([node("Gemm", ["x", "m"], "out", [intAttribute("transA", 1)])], [8, 4], { m: noise([8, 6]) }),
    ],
    ["MatMul by several matrices", network([node("MatMul", ["x", "m"], "out")], [2, 4, 8], { m: noise([2, 8, 6]) })],
  ])("is in float with its weight in int8, worked out once: %s", async (_, model) => {
    const trial = await tryOut(model, { format });
    expect(operatorsOf(trial)).toEqual(["Cast", "Mul", operatorsOf({ ...trial, model } as Trial)[0]]);
    expect(floatKernels(trial.plan)).toEqual(["out"]);
    expect((await optimizedOperators(trial.model)).filter((each) => each === "Cast" || each === "Mul")).toEqual([]);
    expect(leastSqnr(trial)).toBeGreaterThan(35);
  });

  it.each([
    ["both unbounded", ["a", "b"], 0],
    ["one a gate", ["a", "gate"], 1],
    ["one a constant", ["a", "k"], 1],
  ])("is a product of two activations, %s, by a matrix", async (_, factors, integer) => {
    const nodes = [
      node("MatMul", ["x", "w"], "a"),
      node("MatMul", ["x", "v"], "b"),
      node("Sigmoid", ["b"], "gate"),
      node("Mul", factors, "product"),
      node("MatMul", ["product", "u"], "out"),
    ];
    const constants = { w: noise([8, 6], 3), v: noise([8, 6], 4), u: noise([6, 8], 5), k: noise([6], 6) };
    const trial = await tryOut(network(nodes, [4, 8], constants), { format });
    expect(count(trial, "MatMulInteger")).toBe(2 + integer);
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it("is told with the layers that have no weights", async () => {
    const model = network([node("Conv", ["x", "w"], "c"), node("Softmax", ["c"], "out")], [1, 3, 6, 6], {
      w: noise([4, 3, 3, 3], 5),
    });
    const { plan } = await tryOut(model, { format });
    expect(plan.layers.map(({ precision, reason }) => [precision, reason?.code ?? null])).toEqual([
      ["int8", null],
      ["float32", "without-weights"],
    ]);
    expect(floatKernels(plan)).toEqual([]);
  });

  it("leaves layers in float that a recipe names", async () => {
    const trial = await tryOut(conv, { format, float: { operators: ["Conv"] } });
    expect(operatorsOf(trial)).toEqual(["Conv"]);
  });

  it("gives zeros for zeros", async () => {
    const model = network([node("MatMul", ["x", "w"], "out")], [4, 8], { w: noise([8, 6], 3) });
    const zeros = { type: "float32", dims: [4, 8], data: new Float32Array(32) } as const;
    const trial = await tryOut(model, { format });
    const [[, made]] = [...(await run(trial.model, new Map([["x", zeros]])))] as [[string, Tensor]];
    expect(Array.from(made.data as Float32Array)).toEqual(
      Array.from(vector("float32", new Array(24).fill(0)).data as Float32Array),
    );
  });
});
