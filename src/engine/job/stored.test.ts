import { create } from "@bufbuild/protobuf";
import { describe, expect, it, test } from "vitest";
import { optimizedModel, optimizedOperators, run } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Report } from "../model/report.ts";
import type { Layer } from "../model/summary.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import { allNodes } from "../onnx/opset.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import { needsShared } from "../testing/shared.ts";
import { orderCandidates } from "../tuning/searchOrder.ts";
import { exportJob } from "./export.ts";
import { defaultRecipe, summarizeModel } from "./open.ts";
import { sensitivity } from "./sensitivity.ts";
import { settle } from "./settle.ts";
import { storedErrors } from "./storedErrors.ts";
import { sharedCase } from "./testing/cases.ts";
import { context, datasetOf, open, quantizeAndCompare, runtime } from "./testing/quantized.ts";

const scaled = (dims: readonly number[], seed: number, factor: number): Tensor => {
  const tensor = noise(dims, seed);
  return { ...tensor, data: (tensor.data as Float32Array).map((value) => value * factor) };
};

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
type Recurrent = keyof typeof GATES;

const HIDDEN = 48;
const INPUTS = 24;
const STEPS = 12;

function recurrentModel(
  operator: Recurrent,
  directions: 1 | 2,
  constants: Readonly<Record<string, Tensor>> = {},
): ModelProto {
  const rows = GATES[operator] * HIDDEN;
  const direction = stringAttribute("direction", directions === 2 ? "bidirectional" : "forward");
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [STEPS, 1, INPUTS])],
    outputs: [portInfo({ name: "y", type: "float32", dims: [STEPS, directions, 1, HIDDEN] })],
    nodes: [
      makeNode(operator, ["x", "w", "r", "b"], ["y"], {
        name: "rec",
        attributes: [intAttribute("hidden_size", HIDDEN), direction],
      }),
    ],
    constants: {
      w: scaled([directions, rows, INPUTS], 1, 0.3),
      r: scaled([directions, rows, HIDDEN], 2, 0.2),
      b: scaled([directions, 2 * rows], 3, 0.1),
      ...constants,
    },
  });
}

const samples = (dims: readonly number[], from: number): TensorMap[] =>
  Array.from({ length: 8 }, (_, i) => new Map([["x", noise(dims, from + i)]]));

interface Written {
  readonly written: ModelProto;
  readonly bytes: number;
  readonly floatBytes: number;
  readonly sqnr: number;
  readonly layers: readonly Layer[];
  readonly weights: Report["weights"];
}

/** What a recipe with some changes makes of a model with the input x, and its SQNR in dB on other samples. */
async function quantized(given: ModelProto, dims: readonly number[], changes: Partial<Recipe> = {}): Promise<Written> {
  const model = await open(given);
  const dataset = datasetOf(model, samples(dims, 100));
  const request = { samples: dataset.length, calibration: null };
  const plain = { ...defaultRecipe(model), ...changes };
  const { recipe, calibration } = await settle(
    model,
    plain,
    dataset,
    request,
    { main: runtime, accelerator: null },
    context,
  );
  const exported = exportJob(model, { recipe, calibration, evaluation: null, date: "" });
  const written = decodeModel(concat(exported.quantized.chunks), "written.onnx");
  const comparator = new Comparator();
  for (const feeds of samples(dims, 200)) {
    const [float, rounded] = [await run(given, feeds), await run(written, feeds)];
    comparator.add(float.get("y")!.data as Float32Array, rounded.get("y")!.data as Float32Array);
  }
  expect(faultsOf(written)).toEqual([]);
  const { layers } = summarizeModel(model, recipe);
  const text = exported.files.find(({ name }) => name.endsWith(".report.json"))!;
  const { weights } = JSON.parse(new TextDecoder().decode(concat(text.chunks))) as Report;
  return {
    written,
    weights,
    bytes: exported.quantized.bytes,
    floatBytes: model.bytes,
    sqnr: comparator.result().sqnr,
    layers,
  };
}

const told = ({ layers }: Written) =>
  layers.map(({ id, precision, reason }) => `${id} ${precision}: ${reason && reasonText(reason)}`);

const KEPT = "a recurrent state gathers error step by step, so that its weights alone are in int8";
const keptInside = (operator: string) =>
  `it is inside ${operator}, whose graph runs in float, so that its weights alone are in int8`;
const XS = [STEPS, 1, INPUTS];

describe("weights of recurrent layers", () => {
  it.each<readonly [Recurrent, 1 | 2]>([
    ["LSTM", 1],
    ["LSTM", 2],
    ["GRU", 1],
    ["GRU", 2],
    ["RNN", 1],
    ["RNN", 2],
  ])("%s in %i directions: in int8 in the file, and float at run time", async (operator, directions) => {
    const result = await quantized(recurrentModel(operator, directions), XS);
    expect(told(result)).toEqual([`rec int8: ${KEPT}`]);
    expect(result.bytes).toBeLessThan(0.35 * result.floatBytes);
    expect(result.sqnr).toBeGreaterThan(36);
    expect(await optimizedOperators(result.written)).toEqual([operator]);
    const rows = directions * GATES[operator] * HIDDEN;
    expect(result.weights.map(({ name, dims, axis }) => [name, dims, axis])).toEqual([
      ["w", [rows, INPUTS], 0],
      ["r", [rows, HIDDEN], 0],
    ]);
    for (const { sqnr } of result.weights) expect(sqnr).toBeGreaterThan(40);
    const scales = result.written.graph!.initializer.filter(({ name }) => name.endsWith("_scale"));
    expect(scales.map(({ dims }) => dims.map(Number))).toEqual([
      [directions, GATES[operator] * HIDDEN, 1],
      [directions, GATES[operator] * HIDDEN, 1],
    ]);
  });

  it.each<readonly [string, Partial<Recipe>]>([
    ["one scale a tensor", { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } }],
    ["int4 for weights", { weights: { type: "int4", granularity: "channel", rounding: "nearest" } }],
    ["activations in float", { format: "weights" }],
  ])("stay in int8 with %s", async (_, changes) => {
    const result = await quantized(recurrentModel("GRU", 2), XS, changes);
    expect(told(result)).toEqual([`rec int8: ${KEPT}`]);
    expect(result.sqnr).toBeGreaterThan(32);
    expect(await optimizedOperators(result.written)).toEqual(["GRU"]);
  });

  it("leave what else a layer reads, and the layers around them, as they are", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [STEPS, 1, INPUTS])],
      outputs: [portInfo({ name: "y", type: "float32", dims: [STEPS, 8] })],
      nodes: [
        makeNode("LSTM", ["x", "w", "r", "b", "", "h", "c", "p"], ["seq", "", "w_quantized"], {
          name: "rec",
          attributes: [intAttribute("hidden_size", HIDDEN)],
        }),
        makeNode("Reshape", ["seq", "flat"], ["rows"]),
        makeNode("MatMul", ["rows", "v"], ["y"], { name: "head" }),
      ],
      constants: {
        w: scaled([1, 4 * HIDDEN, INPUTS], 1, 0.3),
        r: scaled([1, 4 * HIDDEN, HIDDEN], 2, 0.2),
        b: scaled([1, 8 * HIDDEN], 3, 0.1),
        h: noise([1, 1, HIDDEN], 4),
        c: noise([1, 1, HIDDEN], 5),
        p: scaled([1, 3 * HIDDEN], 6, 0.1),
        flat: vector("int64", [STEPS, HIDDEN]),
        v: scaled([HIDDEN, 8], 7, 0.3),
      },
    });
    const result = await quantized(model, XS);
    expect(told(result)).toEqual([
      `rec int8: ${KEPT}`,
      "Reshape:rows float32: its input seq stays in float",
      "head int8: null",
    ]);
    expect(result.sqnr).toBeGreaterThan(30);
    const kept = new Set(result.written.graph!.initializer.map(({ name }) => name));
    expect(["b", "h", "c", "p"].filter((name) => !kept.has(name))).toEqual([]);
    expect(["w", "r", "v"].filter((name) => kept.has(name))).toEqual([]);
  });

  it("are told where they stay in float", async () => {
    const float = (changes: Partial<Recipe["float"]>) => ({
      float: { layers: [], operators: [], tensors: [], ...changes },
    });
    const model = (constants: Readonly<Record<string, Tensor>> = {}) => {
      const whole = recurrentModel("GRU", 1, { v: scaled([HIDDEN, 8], 7, 0.3), ...constants });
      const { graph } = whole;
      graph!.node[0]!.output[0] = "seq";
      graph!.node.push(makeNode("MatMul", ["seq", "v"], ["y"], { name: "head" }));
      graph!.output = [portInfo({ name: "y", type: "float32", dims: [STEPS, 1, 1, 8] })];
      return whole;
    };
    const why = async (given: ModelProto, changes: Partial<Recipe> = {}) =>
      told(await quantized(given, XS, changes))[0];
    expect(await why(model(), float({ layers: ["rec"] }))).toBe("rec float32: the recipe leaves this layer in float");
    expect(await why(model(), float({ operators: ["GRU"] }))).toBe("rec float32: the recipe leaves every GRU in float");
    const small = buildModel({
      opset: 17,
      inputs: [floatInput("x", XS)],
      outputs: [portInfo({ name: "y", type: "float32", dims: [STEPS, 1, 1, 8] })],
      nodes: [
        makeNode("RNN", ["x", "w", "r"], ["seq"], { name: "rec", attributes: [intAttribute("hidden_size", 2)] }),
        makeNode("MatMul", ["seq", "v"], ["y"]),
      ],
      constants: { w: noise([1, 2, INPUTS], 1), r: noise([1, 2, 2], 2), v: noise([2, 8], 3) },
    });
    expect(await why(small)).toBe(
      "rec float32: its weights are so small that keeping them in 8 bits would save nothing",
    );
    const computed = model();
    computed.graph!.node.unshift(makeNode("Mul", ["w", "gain"], ["w2"]), makeNode("Mul", ["r", "gain"], ["r2"]));
    computed.graph!.node.unshift(makeNode("ReduceMax", ["x"], ["gain"], { attributes: [intAttribute("keepdims", 0)] }));
    computed.graph!.node.at(-2)!.input.splice(1, 2, "w2", "r2");
    const layers = told(await quantized(computed, XS));
    expect(layers.find((each) => each.startsWith("rec"))).toBe(
      "rec float32: a recurrent state gathers error step by step, and ONNX Runtime has no static 8-bit GRU",
    );
  });

  it("are among what a search may leave in float, by what each loses alone", async () => {
    const model = await open(recurrentModel("LSTM", 1));
    const dataset = datasetOf(model, samples(XS, 100));
    const request = { samples: 8, calibration: null };
    const start = defaultRecipe(model);
    const { recipe } = await settle(model, start, dataset, request, { main: runtime, accelerator: null }, context);
    const place = { runtime, threads: 1 };
    const [error, ...others] = await storedErrors(model, recipe, dataset, { samples: 8 }, place, context);
    expect(others).toEqual([]);
    expect(error!.layer).toBe("rec");
    expect(error!.alone.sqnr).toBeCloseTo((await quantized(recurrentModel("LSTM", 1), XS)).sqnr, -1);
    const summary = summarizeModel(model, recipe);
    const floatBytes = 3 * summary.layers[0]!.parameters;
    expect(orderCandidates([error!], summary, "size")).toEqual([{ layer: "rec", cost: floatBytes, hasWeights: true }]);
    expect(orderCandidates([error!], summary, "latency")).toEqual([{ layer: "rec", cost: 0, hasWeights: true }]);
  });

  it("have no sensitivity of their own, and the sentence says so where nothing else has", async () => {
    const model = await open(recurrentModel("LSTM", 1));
    const dataset = datasetOf(model, samples(XS, 100));
    const request = { samples: 8, calibration: null };
    const { recipe } = await settle(
      model,
      defaultRecipe(model),
      dataset,
      request,
      { main: runtime, accelerator: null },
      context,
    );
    const wanted = { samples: 8, untilSettled: false };
    await expect(sensitivity(model, recipe, dataset, wanted, runtime, context, () => undefined)).rejects.toThrow(
      "No layer is computed in integers, so there is nothing whose sensitivity can be measured.",
    );
  });
});

const graph = (
  name: string,
  node: readonly NodeProto[],
  output: readonly ValueInfoProto[],
  more: { readonly input?: ValueInfoProto[]; readonly initializer?: TensorProto[] } = {},
) => create(GraphProtoSchema, { name, node: [...node], output: [...output], ...more });
const held = (name: string, g: ReturnType<typeof graph>) =>
  create(AttributeProtoSchema, { name, g, type: AttributeProto_AttributeType.GRAPH });
const pads = intsAttribute("pads", [1, 1, 1, 1]);
const PICTURE = [1, 8, 6, 6];
const picture = (name: string) => floatInput(name, PICTURE);

/** A Conv on the graph's own weights and, in a Loop and an If by the data, others: their own, the graph's, and those of a Constant node. */
function withBodies(): ModelProto {
  const kernel = (seed: number) => scaled([8, 8, 3, 3], seed, 0.15);
  const conv = (input: string, weight: string, output: string, name = "conv") =>
    makeNode("Conv", [input, weight], [output], { name, attributes: [pads] });
  const loop = graph(
    "loop",
    [
      conv("s", "shared", "t"),
      makeNode("Relu", ["t"], ["u"]),
      conv("u", "own", "n", ""),
      makeNode("Identity", ["go"], ["on"]),
    ],
    [portInfo({ name: "on", type: "bool", dims: [] }), picture("n")],
    {
      input: [
        portInfo({ name: "i", type: "int64", dims: [] }),
        portInfo({ name: "go", type: "bool", dims: [] }),
        picture("s"),
      ],
      initializer: [tensorProto("own", kernel(4))],
    },
  );
  const branch = (name: string, seed: number) =>
    graph(
      name,
      [
        makeNode("Constant", [], ["k"], {
          attributes: [
            create(AttributeProtoSchema, {
              name: "value",
              t: tensorProto("", scaled([36, 36], seed, 0.2)),
              type: AttributeProto_AttributeType.TENSOR,
            }),
          ],
        }),
        makeNode("Reshape", ["n2", "rows"], ["m"]),
        makeNode("MatMul", ["m", "k"], ["p"], { name: "mix" }),
        makeNode("Reshape", ["p", "whole"], ["q"]),
      ],
      [picture("q")],
    );
  return buildModel({
    opset: 17,
    inputs: [picture("x")],
    outputs: [portInfo({ name: "y", type: "float32", dims: PICTURE })],
    nodes: [
      conv("x", "shared", "first"),
      makeNode("Loop", ["times", "", "first"], ["n2"], { name: "loop", attributes: [held("body", loop)] }),
      makeNode("ReduceMean", ["n2"], ["mean"], { attributes: [intAttribute("keepdims", 0)] }),
      makeNode("Greater", ["mean", "zero"], ["positive"]),
      makeNode("If", ["positive"], ["y"], {
        name: "if",
        attributes: [held("then_branch", branch("then", 5)), held("else_branch", branch("else", 6))],
      }),
    ],
    constants: {
      shared: kernel(3),
      times: scalar("int64", 2),
      zero: scalar("float32", 0),
      rows: vector("int64", [8, 36]),
      whole: vector("int64", PICTURE),
    },
  });
}

describe("weights inside Loop, Scan and If", () => {
  it("are in int8 in the file, and float at run time", async () => {
    const result = await quantized(withBodies(), PICTURE);
    expect(told(result).filter((each) => /conv|mix|loop |if /i.test(each))).toEqual([
      "conv int8: null",
      "loop float32: it holds a graph of its own, which runs in float",
      "if float32: it holds a graph of its own, which runs in float",
      `loop/body/conv int8: ${keptInside("Loop")}`,
      `loop/body/Conv:n int8: ${keptInside("Loop")}`,
      `if/then_branch/mix int8: ${keptInside("If")}`,
      `if/else_branch/mix int8: ${keptInside("If")}`,
    ]);
    for (const { id, inputs, outputs } of result.layers) {
      expect([inputs.length > 0, outputs.length > 0]).toEqual(id.includes("/") ? [false, false] : [true, true]);
    }
    expect(result.sqnr).toBeGreaterThan(28);
    expect(result.bytes).toBeLessThan(0.5 * result.floatBytes);
    const { graph: optimized } = await optimizedModel(result.written);
    const operators = [...allNodes(optimized!)].map(({ opType }) => opType);
    expect(operators.filter((operator) => operator === "Cast" || operator === "Mul")).toEqual([]);
    expect(operators.filter((operator) => operator === "MatMul")).toHaveLength(2);
  });

  it("are left by the recipe, by layer and by operator", async () => {
    const float = { layers: ["loop/body/Conv:n"], operators: ["MatMul"], tensors: [] };
    const result = await quantized(withBodies(), PICTURE, { float });
    expect(told(result).filter((each) => each.includes("/"))).toEqual([
      `loop/body/conv int8: ${keptInside("Loop")}`,
      "loop/body/Conv:n float32: the recipe leaves this layer in float",
      "if/then_branch/mix float32: the recipe leaves every MatMul in float",
      "if/else_branch/mix float32: the recipe leaves every MatMul in float",
    ]);
  });

  it("are told to be inside where nothing is kept", async () => {
    const body = graph(
      "body",
      [makeNode("MatMul", ["s", "e"], ["t"], { name: "products" }), makeNode("Identity", ["t"], ["n"])],
      [floatInput("n", [4, 4]), floatInput("t", [4, 4])],
      { input: [floatInput("s", [4, 4]), floatInput("e", [4, 4])] },
    );
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [3, 4, 4])],
      outputs: [portInfo({ name: "y", type: "float32", dims: [3, 4, 4] })],
      nodes: [
        makeNode("MatMul", ["x", "v"], ["xs"], { name: "first" }),
        makeNode("Scan", ["start", "xs"], ["end", "y"], {
          name: "scan",
          attributes: [intAttribute("num_scan_inputs", 1), held("body", body)],
        }),
      ],
      constants: { start: noise([4, 4], 1), v: noise([4, 4], 2) },
    });
    expect(told(await quantized(model, [3, 4, 4]))).toContain(
      "scan/body/products float32: it is inside Scan, whose graph runs in float",
    );
  });

  test("the shared case works, and so does its sensitivity", needsShared, async () => {
    const { bytes, calibration, unseen } = await sharedCase("loop-with-conv", ["x"]);
    const { model, recipe, sqnr, quantized: result } = await quantizeAndCompare(bytes, calibration, unseen);
    expect(sqnr.conv_13).toBeGreaterThan(28);
    expect(result.bytes).toBeLessThan(0.9 * model.bytes);
    expect(summarizeModel(model, recipe).layers.map(({ id, precision }) => [id, precision])).toContainEqual([
      "Loop10/body/Conv:c",
      "int8",
    ]);
    const dataset = datasetOf(model, calibration);
    const wanted = { samples: 8, untilSettled: false };
    const measured = await sensitivity(model, recipe, dataset, wanted, runtime, context, () => undefined);
    expect(measured.layers.map(({ layer }) => layer).sort()).toEqual(["Conv14", "Conv4"]);
  });
});
