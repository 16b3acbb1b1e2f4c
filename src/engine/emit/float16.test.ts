import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { optimizedOperators, relativeDifference, run } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import { intAttribute, intOf, makeNode, stringAttribute, subgraphsOf } from "../onnx/attributes.ts";
import { encodeModel, totalLength } from "../onnx/encode.ts";
import { TensorProto_DataType as Code, type GraphProto, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { scalar, tensorOf, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, graphAttribute, noise, portInfo } from "../onnx/testing/build.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { HALF, nearest, widenHalf } from "../values/halfFloats.ts";
import { leastSqnr, noiseFeeds, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });
const format = "float16" as const;

const graphOf = ({ graph }: ModelProto) => graph as GraphProto;
const constant = (model: ModelProto, name: string) => graphOf(model).initializer.find((each) => each.name === name);
const casts = (graph: GraphProto) => graph.node.filter(({ opType }) => opType === "Cast");
const operators = (graph: GraphProto) => graph.node.map(({ opType }) => opType);

function convolutions(): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 9, 9])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv" }),
      makeNode("Relu", ["c"], ["r"], { name: "relu" }),
      makeNode("Conv", ["r", "d"], ["e"], { name: "depthwise", attributes: [intAttribute("group", 5)] }),
      makeNode("Flatten", ["e"], ["f"], { name: "flatten" }),
      makeNode("MatMul", ["f", "m"], ["l"], { name: "matmul" }),
      makeNode("Softmax", ["l"], ["out"], { name: "softmax" }),
    ],
    constants: { w: noise([5, 3, 3, 3], 7), b: noise([5], 8), d: noise([5, 1, 3, 3], 9), m: noise([125, 4], 10) },
  });
}

describe("the model in float16", () => {
  it("has weights and biases of half the bytes, float32 ends, and a Cast only where the two meet", async () => {
    const model = convolutions();
    const trial = await tryOut(model, { format });
    const { graph } = trial.model;
    expect(operators(graph!)).toEqual([...["Cast", "Conv", "Relu", "Conv", "Flatten", "MatMul", "Cast", "Softmax"]]);
    for (const name of ["w", "b", "d", "m"]) expect(constant(trial.model, name)!.dataType).toBe(Code.FLOAT16);
    expect(totalLength(encodeModel(trial.model))).toBeLessThan(0.75 * totalLength(encodeModel(model)));
    expect(leastSqnr(trial)).toBeGreaterThan(60);
  });

  it("computes what the float model does with the rounded constants, as far as float16 goes", async () => {
    const model = convolutions();
    const trial = await tryOut(model, { format });
    const widened = buildModel({
      opset: 17,
      inputs: [...graphOf(model).input],
      outputs: ["out"],
      nodes: [...graphOf(model).node],
      constants: Object.fromEntries(
        graphOf(trial.model).initializer.map((proto) => {
          const { dims, data } = tensorOf(proto);
          return [proto.name, { type: "float32", dims, data: Float32Array.from(data as Uint16Array, widenHalf) }];
        }),
      ),
    });
    const [feeds] = [noiseFeeds(model, 1)];
    const [expected, got] = [await run(widened, feeds), trial.outputs];
    expect(relativeDifference(expected.get("out"), got.get("out"))).toBeLessThan(2e-3);
  });

  it("rounds matrices to nearest and convolutions so that their channels' errors cancel", async () => {
    const trial = await tryOut(convolutions(), { format });
    const bits = (name: string) => tensorOf(constant(trial.model, name)!).data as Uint16Array;
    const m = noise([125, 4], 10).data as Float32Array;
    expect([...bits("m")]).toEqual([...nearest(m, HALF)]);
    const d = noise([5, 1, 3, 3], 9).data as Float32Array;
    const errors = (halves: Uint16Array) =>
      [0, 1, 2, 3, 4].map((c) =>
        Math.abs(
          [...halves.subarray(9 * c, 9 * c + 9)].reduce((sum, half, i) => sum + widenHalf(half) - d[9 * c + i]!, 0),
        ),
      );
    const [balanced, plain] = [errors(bits("d")), errors(nearest(d, HALF))];
    expect(balanced.every((error, c) => error <= plain[c]!)).toBe(true);
    expect(Math.max(...balanced)).toBeLessThan(Math.max(...plain));
  });

  it("runs in WASM too, and gives what it gives natively", async () => {
    const model = convolutions();
    const trial = await tryOut(model, { format });
    const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
    const outputs = await session.run(noiseFeeds(model, 1));
    expect(relativeDifference(trial.outputs.get("out"), outputs.get("out"))).toBeLessThan(2e-3);
    await session.dispose();
  });

  it("is computed in float32 by the runtime on processors, with no Cast between layers and on no weight", async () => {
    const trial = await tryOut(convolutions(), { format });
    const used = await optimizedOperators(trial.model);
    expect(used.filter((type) => type === "Cast").length).toBeLessThanOrEqual(3);
    expect(used).toContain("MatMul");
    expect(trial.plan.layers.filter(({ precision }) => precision === "float16")).toHaveLength(5);
  });
});

describe("what stays in float32", () => {
  const reasonsOf = (trial: Awaited<ReturnType<typeof tryOut>>) =>
    Object.fromEntries(trial.plan.layers.map(({ id, reason }) => [id, reason && reasonText(reason)]));

  const masked = (large: number) =>
    buildModel({
      opset: 17,
      inputs: [floatInput("x", [2, 4]), floatInput("mask", [2, 4])],
      outputs: ["out"],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["scores"], { name: "scores" }),
        makeNode("Mul", ["mask", "large"], ["bias"], { name: "bias" }),
        makeNode("Add", ["scores", "bias"], ["sum"], { name: "sum" }),
        makeNode("Softmax", ["sum"], ["shares"], { name: "softmax" }),
        makeNode("MatMul", ["shares", "v"], ["out"], { name: "out" }),
      ],
      constants: { w: noise([4, 4], 2), v: noise([4, 3], 3), large: scalar("float32", large) },
    });

  it("is what a constant above the largest float16 reaches, and no more", async () => {
    const feeds = (model: ModelProto, seed: number) =>
      new Map([...noiseFeeds(model, seed), ["mask", { ...vector("float32", [0, 0, 0, 1, 0, 1, 0, 0]), dims: [2, 4] }]]);
    const trial = await tryOut(masked(-1e30), { format }, feeds);
    const why = "large holds values above 65504, which are infinite in float16";
    expect(reasonsOf(trial)).toEqual({ scores: null, bias: why, sum: why, softmax: why, out: null });
    expect(constant(trial.model, "large")!.dataType).toBe(Code.FLOAT);
    expect(leastSqnr(trial)).toBeGreaterThan(55);
    const small = await tryOut(masked(-1e4), { format }, feeds);
    expect(reasonsOf(small).softmax).toBe(null);
  });

  it("is not a Clip whose bound is infinite in float16, which bounds nothing either way", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [2, 4])],
      outputs: ["out"],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["y"], { name: "y" }),
        makeNode("Clip", ["y", "low", "high"], ["z"], { name: "clip" }),
        makeNode("MatMul", ["z", "w"], ["out"], { name: "out" }),
      ],
      constants: { w: noise([4, 4], 2), low: scalar("float32", 0), high: scalar("float32", 3.4e38) },
    });
    const trial = await tryOut(model, { format });
    expect(reasonsOf(trial)).toEqual({ y: null, clip: null, out: null });
    expect(leastSqnr(trial)).toBeGreaterThan(55);
  });

  it("is what divides by something that float16 would make 0", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [2, 4])],
      outputs: ["out"],
      nodes: [
        makeNode("Mul", ["x", "zero"], ["y"], { name: "y" }),
        makeNode("Add", ["y", "epsilon"], ["z"], { name: "add" }),
        makeNode("Sqrt", ["z"], ["s"], { name: "sqrt" }),
        makeNode("Div", ["y", "s"], ["q"], { name: "div" }),
        makeNode("MatMul", ["q", "w"], ["out"], { name: "out" }),
      ],
      constants: { w: noise([4, 4], 2), zero: scalar("float32", 0), epsilon: scalar("float32", 1e-12) },
    });
    const trial = await tryOut(model, { format });
    const why = "what epsilon holds is too small for float16";
    expect(reasonsOf(trial)).toEqual({ y: null, add: why, sqrt: why, div: why, out: null });
    expect([...(trial.outputs.get("out")!.data as Float32Array)].every(Number.isFinite)).toBe(true);
  });

  it("is what counts: positions above 2048 keep their values until they are angles", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [portInfo({ name: "at", type: "int64", dims: [1, 3] })],
      outputs: ["out"],
      nodes: [
        makeNode("Cast", ["at"], ["f"], { name: "cast", attributes: [intAttribute("to", Code.FLOAT)] }),
        makeNode("Mul", ["f", "step"], ["angle"], { name: "angle" }),
        makeNode("Sin", ["angle"], ["sine"], { name: "sin" }),
        makeNode("MatMul", ["sine", "w"], ["out"], { name: "out" }),
      ],
      constants: { w: noise([3, 4], 2), step: scalar("float32", 0.5) },
    });
    const feeds = () => new Map([["at", { ...vector("int64", [2049, 4099, 30001]), dims: [1, 3] }]]);
    const trial = await tryOut(model, { format }, feeds);
    const why = "it works out positions or sizes, which float16 holds exactly up to 2048 alone";
    expect(reasonsOf(trial)).toEqual({ cast: why, angle: why, sin: why, out: null });
    expect(leastSqnr(trial)).toBeGreaterThan(55);
  });

  it("is what works out the outputs after the last weights, and what the recipe names", async () => {
    const model = convolutions();
    const trial = await tryOut(model, {
      format,
      float: { layers: ["depthwise"], operators: ["Flatten"], tensors: ["c"] },
    });
    expect(reasonsOf(trial)).toEqual({
      conv: "the recipe leaves its output in float",
      relu: "the recipe leaves its input c in float",
      depthwise: "the recipe leaves this layer in float",
      flatten: "the recipe leaves every Flatten in float",
      matmul: null,
      softmax: "it works out an output, which is float32, from what the last layers with weights give",
    });
    expect(operators(graphOf(trial.model)).filter((type) => type === "Cast")).toHaveLength(2);
    expect(constant(trial.model, "w")!.dataType).toBe(Code.FLOAT);
  });

  it("is scales of a Resize, and all of an operator that has no float16", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 3, 4, 4])],
      outputs: ["out"],
      nodes: [
        makeNode("Conv", ["x", "w"], ["c"], { name: "conv" }),
        makeNode("Resize", ["c", "", "scales"], ["u"], {
          name: "up",
          attributes: [stringAttribute("mode", "nearest")],
        }),
        makeNode("CumSum", ["u", "axis"], ["e"], { name: "sum" }),
        makeNode("Conv", ["e", "w"], ["out"], { name: "out" }),
      ],
      constants: { w: noise([3, 3, 1, 1], 2), scales: vector("float32", [1, 1, 2, 2]), axis: scalar("int64", 2) },
    });
    const trial = await tryOut(model, { format });
    expect(constant(trial.model, "scales")!.dataType).toBe(Code.FLOAT);
    expect(reasonsOf(trial)).toEqual({ conv: null, up: null, sum: "CumSum takes no float16", out: null });
    expect(leastSqnr(trial)).toBeGreaterThan(55);
  });
});

describe("graphs inside layers", () => {
  const body = (parts: Parameters<typeof buildModel>[0]) => graphOf(buildModel(parts));

  it("are in float16 too, read what is around them in its type, and carry one type from step to step", async () => {
    const step = body({
      opset: 17,
      inputs: [
        portInfo({ name: "i", type: "int64", dims: [] }),
        portInfo({ name: "on", type: "bool", dims: [] }),
        floatInput("h", [1, 4]),
      ],
      outputs: [
        portInfo({ name: "still", type: "bool", dims: [] }),
        floatInput("next", [1, 4]),
        floatInput("seen", [1, 4]),
      ],
      nodes: [
        makeNode("Identity", ["on"], ["still"]),
        makeNode("MatMul", ["h", "w"], ["m"], { name: "inner" }),
        makeNode("Elu", ["m"], ["e"], { name: "elu" }),
        makeNode("Add", ["e", "c"], ["next"], { name: "add" }),
        makeNode("Elu", ["next"], ["seen"], { name: "last" }),
      ],
      constants: { w: noise([4, 4], 5) },
    });
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 4])],
      outputs: [floatInput("state", [1, 4]), floatInput("all", [3, 1, 4])],
      nodes: [
        makeNode("MatMul", ["x", "v"], ["h0"], { name: "start" }),
        makeNode("Elu", ["h0"], ["c"], { name: "captured" }),
        makeNode("Loop", ["count", "yes", "h0"], ["state", "all"], {
          name: "loop",
          attributes: [graphAttribute("body", step)],
        }),
      ],
      constants: { v: noise([4, 4], 6), count: scalar("int64", 3), yes: scalar("bool", 1) },
    });
    const trial = await tryOut(model, { format, float: { operators: ["Elu"] } });
    const [inside] = graphOf(trial.model)
      .node.filter(({ opType }) => opType === "Loop")
      .flatMap(subgraphsOf);
    expect(inside!.initializer[0]!.dataType).toBe(Code.FLOAT16);
    const types = [...inside!.input, ...inside!.output].map(
      ({ type }) => (type!.value.value as { elemType: Code }).elemType,
    );
    expect(types).toEqual([Code.INT64, Code.BOOL, Code.FLOAT16, Code.BOOL, Code.FLOAT16, Code.FLOAT16]);
    expect(trial.plan.half!.layers).toContain("loop/body/inner");
    expect(leastSqnr(trial)).toBeGreaterThan(50);
  });

  it("stay as they are in a layer that stays in float32", async () => {
    const branch = (w: number) =>
      body({
        opset: 17,
        outputs: [floatInput("y", [1, 4])],
        nodes: [makeNode("MatMul", ["h", "w"], ["y"], { name: "inner" })],
        constants: { w: noise([4, 4], w) },
      });
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 4]), portInfo({ name: "which", type: "bool", dims: [1] })],
      outputs: [floatInput("out", [1, 4])],
      nodes: [
        makeNode("MatMul", ["x", "v"], ["h"], { name: "start" }),
        makeNode("If", ["which"], ["z"], {
          name: "if",
          attributes: [graphAttribute("then_branch", branch(3)), graphAttribute("else_branch", branch(4))],
        }),
        makeNode("MatMul", ["z", "v"], ["out"], { name: "end" }),
      ],
      constants: { v: noise([4, 4], 6) },
    });
    const feeds = (given: ModelProto, seed: number) =>
      new Map([...noiseFeeds(given, seed), ["which", vector("bool", [1])]]);
    for (const layers of [[], ["if"]]) {
      const trial = await tryOut(model, { format, float: { layers } }, feeds);
      const inner = graphOf(trial.model)
        .node.filter(({ opType }) => opType === "If")
        .flatMap(subgraphsOf);
      const expected = layers.length > 0 ? Code.FLOAT : Code.FLOAT16;
      expect(inner.map(({ initializer }) => initializer[0]!.dataType)).toEqual([expected, expected]);
      expect(leastSqnr(trial)).toBeGreaterThan(55);
    }
  });
});

it("writes constants that are made on the way, and Casts, as float16", async () => {
  const model = buildModel({
    opset: 17,
    inputs: [portInfo({ name: "x", type: "uint8", dims: [2, 3] })],
    outputs: [floatInput("out", [2, 4])],
    nodes: [
      makeNode("Cast", ["x"], ["f"], { name: "cast", attributes: [intAttribute("to", Code.FLOAT)] }),
      makeNode("Shape", ["x"], ["s"], { name: "shape" }),
      makeNode("ConstantOfShape", ["s"], ["zeros"], { name: "fill" }),
      makeNode("Add", ["f", "zeros"], ["a"], { name: "add" }),
      makeNode("MatMul", ["a", "w"], ["out"], { name: "out" }),
    ],
    constants: { w: noise([3, 4], 2) },
  });
  const trial = await tryOut(
    model,
    { format },
    () => new Map([["x", { ...vector("uint8", [1, 2, 3, 4, 5, 255]), dims: [2, 3] }]]),
  );
  expect(casts(graphOf(trial.model)).map((node) => intOf(node, "to"))).toEqual([Code.FLOAT16, Code.FLOAT]);
  expect(leastSqnr(trial)).toBeGreaterThan(55);
});
