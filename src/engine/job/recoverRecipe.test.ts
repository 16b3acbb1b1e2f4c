import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, it } from "vitest";
import type { QuantizedBeside } from "../model/quantizedFile.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { packBits } from "../numerics/bits.ts";
import { intAttribute, makeNode, tensorAttribute } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { renameTensors } from "../onnx/names.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type ModelProto,
  type NodeProto,
  TensorProto_DataType as Type,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import type { OpenDataset } from "./data.ts";
import { defaultRecipe, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { Beside } from "./quantizedBeside.ts";
import { readQuantized } from "./readQuantized.ts";
import { settle } from "./settle.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";
import { walk } from "./walk.ts";

const runtimes = { main: runtime, accelerator: null };
const SIZE = 32;
const SAMPLES = 3;

/** Convolution, activation, a residual, and a head: what most models are made of. */
function floatModel(): ModelProto {
  return buildModel({
    opset: 21,
    inputs: [floatInput("x", [1, 2, 6, 6])],
    outputs: [floatInput("y", [1, 4])],
    nodes: [
      makeNode("Conv", ["x", "w1", "b1"], ["c1"], { name: "first" }),
      makeNode("Relu", ["c1"], ["r1"], { name: "rectified" }),
      makeNode("Conv", ["r1", "w2"], ["c2"], { name: "second" }),
      makeNode("Add", ["r1", "c2"], ["sum"], { name: "residual" }),
      makeNode("Flatten", ["sum"], ["flat"], { name: "flat" }),
      makeNode("MatMul", ["flat", "w3"], ["h"], { name: "hidden" }),
      makeNode("Gemm", ["h", "w4", "b4"], ["y"], { name: "head", attributes: [intAttribute("transB", 1)] }),
    ],
    constants: {
      ...{ w1: noise([4, 2, 1, 1], 3), b1: noise([4], 4), w2: noise([4, 4, 1, 1], 5) },
      ...{ w3: noise([4 * 36, SIZE], 6), w4: noise([4, SIZE], 7), b4: noise([4], 8) },
    },
  });
}

const filled = (length: number, value: number): Tensor => ({
  type: "float32",
  dims: [length],
  data: new Float32Array(length).fill(value),
});

let model: OpenModel;
let data: OpenDataset;
beforeAll(async () => {
  model = await open(floatModel());
  const samples = Array.from({ length: SAMPLES }, (_, i): TensorMap => new Map([["x", noise([1, 2, 6, 6], 20 + i)]]));
  data = datasetOf(model, samples);
});

async function made(changes: Partial<Recipe>): Promise<{ readonly recipe: Recipe; readonly file: ModelProto }> {
  const asked = {
    ...defaultRecipe(model),
    corrections: { equalization: false, bias: "none" as const },
    elementwise: "join" as const,
    ...changes,
  };
  const { recipe } = await settle(model, asked, data, { samples: SAMPLES, calibration: null }, runtimes, context);
  return { recipe, file: quantizeModel(model, recipe).file };
}

function sourceOf(file: ModelProto) {
  return { bytes: concat(encodeModel(file)), fileName: "given.onnx", readBeside: async () => null };
}

async function beside(file: ModelProto): Promise<Beside> {
  return new Beside(model, await readQuantized(sourceOf(file)));
}

const described = async (file: ModelProto): Promise<QuantizedBeside> => (await beside(file)).describe();
const bytesOf = (recipe: Recipe) => concat(encodeModel(quantizeModel(model, recipe).file));

const BLOCKS = { type: "uint4", granularity: "channel", rounding: "nearest", block: 32, algorithm: "nearest" } as const;
/** A Gemm that is written as a product has the Add of its bias after it. */
const PART_OF_HEAD = "it makes what head makes, of which the file has a part in another layer";

const CASES: Readonly<Record<string, Partial<Recipe>>> = {
  qdq: { elementwise: "auto" },
  "qdq, int8 symmetric, a scale a tensor, a layer in float": {
    elementwise: "auto",
    activations: { type: "int8", symmetric: true },
    weights: { type: "int8", granularity: "tensor", rounding: "nearest" },
    float: { layers: ["second"], operators: [], tensors: [] },
  },
  qoperator: { format: "qoperator" },
  dynamic: { format: "dynamic" },
  "weights for MatMulNBits": {
    elementwise: "auto",
    format: "weights",
    weights: { ...BLOCKS, operator: "matmulnbits" },
  },
  float16: { format: "float16" },
  "for TensorRT": { target: "tensorrt", activations: { type: "int8", symmetric: true }, elementwise: "join" },
};

describe("a file of our own beside its float model", () => {
  it.each(Object.entries(CASES))(
    "%s: every layer is told, and the recipe gives the file's numbers again",
    async (_, changes) => {
      const { recipe, file } = await made(changes);
      const { matching, recovery } = await described(file);
      for (const { layer, why } of matching.stored) expect([layer, why]).toEqual([layer, PART_OF_HEAD]);
      expect(matching.notices).toEqual([]);
      expect(recovery.differences).toEqual([]);
      expect(recovery.counts.weights.same).toBe(recovery.counts.weights.all);
      expect(recovery.counts.activations.same).toBe(recovery.counts.activations.all);
      expect(recovery.recipe!.format).toBe(recipe.format);
      const [again, before] = [bytesOf(recovery.recipe!), concat(encodeModel(file))];
      expect(Buffer.compare(again, before)).toBe(0);
    },
  );

  const HALVES: readonly Partial<Recipe>[] = [
    { format: "float16" },
    { format: "q4f16", weights: { ...BLOCKS, operator: "matmulnbits" } },
    { format: "bfloat16", target: "tensorrt" },
  ];
  const KEPT = ["rectified", "residual", "second", "hidden", "head"];
  it.each(HALVES.flatMap((changes) => KEPT.map((layer) => ({ ...changes, layer }))))(
    "$format: $layer is told to be in float32, with weights or none",
    async ({ layer, ...changes }) => {
      const { file } = await made({ ...changes, float: { layers: [layer], operators: [], tensors: [] } });
      const { recovery } = await described(file);
      expect(recovery.differences).toEqual([]);
      expect(recovery.recipe).toMatchObject({ format: changes.format, float: { layers: [layer] } });
      expect(Buffer.compare(bytesOf(recovery.recipe!), concat(encodeModel(file)))).toBe(0);
    },
  );

  it("biases are told of layers whose rounding was not learned, beside others whose was", async () => {
    const corrections = { equalization: false, bias: "empirical" as const };
    const { recipe } = await made({});
    const biases = { first: [0.05, -0.1, 0, 0.2], head: [0, 0.3, -0.01, 0] };
    const weights = { ...recipe.weights, rounding: "learned" as const };
    const rounding = { second: packBits(Uint8Array.from({ length: 16 }, (_, at) => at % 2)) };
    const { file } = quantizeModel(model, { ...recipe, corrections, biases, weights, rounding });
    const { recovery } = await described(file);
    expect(recovery.differences).toEqual([]);
    expect(Object.keys(recovery.recipe!.biases!).toSorted()).toEqual(["first", "head"]);
    expect(Object.keys(recovery.recipe!.rounding!)).toContain("second");
  });

  it.each([
    { format: "qdq", layer: "head", float: { layers: ["head"], operators: [], tensors: [] } },
    { format: "weights", layer: "first" },
    { format: "dynamic", layer: "first" },
  ] as const)(
    "$format: biases in float that are not the float model's are told, of $layer",
    async ({ layer, ...changes }) => {
      const corrections = { equalization: false, bias: "empirical" as const };
      const { recipe } = await made(changes as Partial<Recipe>);
      const { file } = quantizeModel(model, { ...recipe, corrections, biases: { [layer]: [0, 0.3, -0.01, 0] } });
      const { recovery } = await described(file);
      expect(recovery.differences).toEqual([
        {
          subject: layer,
          message: expect.stringMatching(
            /^has constants in float32, such as a bias, of which .* % of the values are others/,
          ),
        },
      ]);
    },
  );

  it.each([
    { wide: ["second", "residual", "head"] },
    { target: "qnn", wide: ["first", "hidden"] },
    { activations: { type: "int8", symmetric: true }, wide: ["second", "residual"] },
  ] as const)("layers in 16 bits are told from others in 8: $wide", async (changes) => {
    const { recovery } = await described((await made(changes)).file);
    expect(recovery.differences).toEqual([]);
    expect(recovery.counts.activations.same).toBe(recovery.counts.activations.all);
    expect(recovery.recipe).toMatchObject(changes);
  });

  it.each(["qdq", "qoperator"] as const)(
    "%s: corrected biases are told, and the recipe has them: its export has the same codes",
    async (format) => {
      const { recipe } = await made({ format });
      const corrections = { equalization: false, bias: "empirical" as const };
      const biases = { first: [0.05, -0.1, 0, 0.2], head: [0, 0.3, -0.01, 0] };
      const { file } = quantizeModel(model, { ...recipe, corrections, biases });
      const { matching, recovery } = await described(file);
      expect(matching.matches.find(({ stored }) => stored === "first")!.bias!.steps).toBeGreaterThan(1);
      expect(matching.notices.map(({ kind, subject }) => [kind, subject])).toEqual([["info", "biases"]]);
      expect(matching.notices[0]!.message).toMatch(
        /^first has a bias that is up to [\d.,]+ of its steps from that of first /,
      );
      expect(recovery.differences).toEqual([]);
      expect(recovery.recipe!.corrections.bias).toBe("empirical");
    },
  );

  it("has biases within half a step of the float ones where they are not corrected, and is warned of where one is another", async () => {
    const { file } = await made({});
    const { matching } = await described(file);
    const steps = matching.matches.flatMap(({ bias }) => bias?.steps ?? []);
    expect(steps.length).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThanOrEqual(0.501);

    const graph = file.graph!;
    const wrong = graph.initializer.map((tensor) => {
      if (tensor.dataType !== Type.INT32 || tensor.dims.length !== 1) return tensor;
      const { data } = tensorOf(tensor);
      return tensorProto(tensor.name, {
        type: "int32",
        dims: [4],
        data: Int32Array.from(data as Int32Array, (code) => -code),
      });
    });
    const changed = await described(withFields(file, { graph: withFields(graph, { initializer: wrong }) }));
    expect(changed.matching.notices.map(({ kind, subject }) => [kind, subject])).toEqual([["warning", "biases"]]);
    expect(changed.matching.notices[0]!.message).toContain("it is another bias");
  });

  it("is told by the values of its weights and by its place where everything is called otherwise", async () => {
    const { file } = await made({});
    const graph = file.graph!;
    const ends = new Set(["x", "y"]);
    const names = new Map<string, string>();
    const anew = (name: string) => {
      if (name && !ends.has(name) && !names.has(name)) names.set(name, `t${names.size}`);
      return names.get(name) ?? name;
    };
    for (const { name } of graph.initializer) anew(name);
    for (const { output } of graph.node) for (const name of output) anew(name);
    const renamed = withFields(file, {
      graph: withFields(graph, {
        node: graph.node.map((node, at) => withFields(renameTensors(node, names), { name: `n${at}` })),
        initializer: graph.initializer.map((tensor) => withFields(tensor, { name: anew(tensor.name) })),
        valueInfo: [],
      }),
    });
    const { matching, recovery } = await described(renamed);
    expect(matching.matches.map(({ float, by }) => [float, by])).toEqual([
      ["first", "weight"],
      ["second", "weight"],
      ["residual", "place"],
      ["flat", "place"],
      ["hidden", "weight"],
      ["head", "tensor"],
    ]);
    expect(matching.fused).toEqual([{ float: "rectified", within: expect.any(String) }]);
    expect(recovery.differences).toEqual([]);
  });

  it.each(["qdq", "qoperator"] as const)("%s: the walk through it is that of its recipe", async (format) => {
    const { recipe, file } = await made({ format });
    const steps = await (await beside(file)).walk(data, SAMPLES, runtime, context);
    const own = await walk(model, recipe, data, { samples: SAMPLES }, runtime, context);
    expect(steps.steps.map(({ layer }) => layer)).toEqual(own.steps.map(({ layer }) => layer));
    for (const [at, { sqnr }] of steps.steps.entries())
      expect(sqnr).toBeCloseTo(own.steps[at]!.sqnr, format === "qdq" ? 6 : 0);
  });

  it("leaves out of the walk no layer that it has, but those inside another's graph, and says why", async () => {
    const { file } = await made({});
    expect((await (await beside(file)).walk(data, SAMPLES, runtime, context)).unwalked).toEqual([]);

    const given = await open(twoInsideAChoice());
    const quantized = quantizeModel(given, { ...defaultRecipe(given), format: "dynamic", resolved: {} });
    const nested = new Beside(given, await readQuantized(sourceOf(quantized.file)));
    const feeds: TensorMap = new Map([
      ["x", noise([1, SIZE], 53)],
      ["whether", { type: "bool", dims: [], data: Uint8Array.of(1) }],
    ]);
    const walked = await nested.walk(datasetOf(given, [feeds]), 1, runtime, context);
    expect(walked.steps.map(({ layer }) => layer)).toEqual(["before", "choice"]);
    const inside = (branch: string) =>
      `it is in the graph choice/${branch}, inside another node, which gives none of its values out`;
    expect(walked.unwalked).toEqual([
      { layer: "choice/then_branch/first", operator: "MatMul", why: inside("then_branch") },
      { layer: "choice/then_branch/second", operator: "MatMul", why: inside("then_branch") },
      { layer: "choice/else_branch/Identity:same", operator: "Identity", why: inside("else_branch") },
    ]);
  });

  it("is judged as one that is exported is", async () => {
    const { file } = await made({});
    const range = { skip: 0, samples: SAMPLES, limit: 0.01 };
    const { outputs } = await (await beside(file)).evaluate(
      data,
      range,
      "here",
      defaultRecipe(model),
      runtime,
      context,
    );
    expect(outputs.map(({ name }) => name)).toEqual(["y"]);
    expect(outputs[0]!.sqnr).toBeGreaterThan(20);
  });
});

it("a file of our own is of the format of its layers, whatever those inside an If are written as, and what it has in float there stays so", async () => {
  const given = await open(twoInsideAChoice());
  const float = { layers: ["choice/then_branch/second"], operators: [], tensors: [] };
  const { file } = quantizeModel(given, { ...defaultRecipe(given), format: "dynamic", resolved: {}, float });
  const { recovery } = new Beside(given, await readQuantized(sourceOf(file))).describe();
  expect(recovery.recipe!.format).toBe("dynamic");
  expect(recovery.counts.weights).toEqual({ all: 2, same: 2, sameScales: 0 });
  expect(recovery.differences).toEqual([]);
});

describe("another file beside a float model", () => {
  it("says that its weights are others, and what its export has otherwise", async () => {
    const { file } = await made({});
    const others = await open(withOther(floatModel(), "w2"));
    const { matching, recovery } = new Beside(others, await readQuantized(sourceOf(file))).describe();
    expect(matching.notices).toHaveLength(1);
    expect(matching.notices[0]!.message).toMatch(
      /^second was told by the tensor it makes to be second, but its weight has an SQNR of /,
    );
    expect(recovery.differences.map(({ subject }) => subject)).toContain("second");
    expect(recovery.counts.weights.same).toBe(recovery.counts.weights.all - 1);
  });

  it("is matched where no layer has a name, constants are nodes, and BatchNormalization was left in", async () => {
    const ends = { opset: 13, inputs: [floatInput("x", [1, 2, 4, 4])], outputs: ["y"] };
    const weight = noise([4, 2, 1, 1], 31);
    const scales = { a: noise([4], 32), b: noise([4], 33), mean: noise([4], 34), variance: filled(4, 2) };
    const after = [
      makeNode("BatchNormalization", ["c", "a", "b", "mean", "variance"], ["n"]),
      makeNode("Relu", ["n"], ["y"]),
    ];
    const unnamed = await open(
      buildModel({
        ...ends,
        nodes: [makeNode("Conv", ["x", "w"], ["c"]), ...after],
        constants: { w: weight, ...scales },
      }),
    );
    const constant = (name: string, value: Tensor) =>
      makeNode("Constant", [], [name], { attributes: [tensorAttribute("value", tensorProto("", value))] });
    const step = 2 ** -6;
    const codes = Int8Array.from(weight.data as Float32Array, (value) => Math.floor(value / step));
    const file = buildModel({
      ...ends,
      nodes: [
        constant("w_quantized", { type: "int8", dims: [4, 2, 1, 1], data: codes }),
        constant("w_scale", scalar("float32", step)),
        makeNode("DequantizeLinear", ["w_quantized", "w_scale"], ["w_dequantized"]),
        makeNode("QuantizeLinear", ["x", "w_scale"], ["x_quantized"]),
        makeNode("DequantizeLinear", ["x_quantized", "w_scale"], ["x_dequantized"]),
        makeNode("Conv", ["x_dequantized", "w_dequantized"], ["c"]),
        ...after,
      ],
      constants: scales,
    });
    const { matching } = new Beside(unnamed, await readQuantized(sourceOf(file))).describe();
    const [conv, ...others] = matching.matches;
    expect(conv).toMatchObject({ stored: "Conv:c", float: "Conv:n", by: "tensor" });
    expect(conv!.sqnr).toBeGreaterThan(20);
    expect(others.map(({ stored, float }) => [stored, float])).toEqual([["Relu:y", "Relu:y"]]);
    expect(matching.stored.map(({ layer }) => layer)).toEqual(["BatchNormalization:n"]);
    expect(matching.float).toEqual([]);
    expect(matching.notices).toEqual([]);
  });

  it("is matched inside an If, and where the float model has the branch alone that is taken; what it says of integers there is told", async () => {
    const weight = noise([SIZE, SIZE], 41);
    const nested = buildModel({
      ...CHOICE_ENDS,
      nodes: [choiceOf(makeNode("MatMul", ["x", "w"], ["z"], { name: "product" }), relu("z", "r"))],
      constants: { w: weight },
    });
    const step = 2 ** -6;
    const codes = Int8Array.from(weight.data as Float32Array, (value) => Math.floor(value / step));
    const file = buildModel({
      ...CHOICE_ENDS,
      nodes: [
        choiceOf(
          makeNode("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
          makeNode("MatMulInteger", ["xq", "w_quantized", "xz"], ["sums"], { name: "product_quant" }),
          makeNode("Cast", ["sums"], ["numbers"], { attributes: [intAttribute("to", Type.FLOAT)] }),
          makeNode("Mul", ["xs", "w_scale"], ["factor"]),
          makeNode("Mul", ["numbers", "factor"], ["z"]),
          relu("z", "r"),
        ),
      ],
      constants: {
        w_quantized: { type: "int8", dims: [SIZE, SIZE], data: codes },
        w_scale: scalar("float32", step),
      },
    });
    const read = await readQuantized(sourceOf(file));
    const within = new Beside(await open(nested), read).describe();
    expect(within.matching.matches.map(({ stored, float }) => [stored, float])).toEqual([
      ["choice", "choice"],
      ["choice/then_branch/product_quant", "choice/then_branch/product"],
      ["choice/then_branch/Relu:r", "choice/then_branch/Relu:r"],
      ["choice/else_branch/Identity:same", "choice/else_branch/Identity:same"],
    ]);
    expect(within.matching.matches[1]!.sqnr).toBeGreaterThan(20);
    expect(within.matching.notices).toEqual([]);
    expect(within.recovery.recipe!.format).toBe("dynamic");
    expect(within.recovery.differences).toContainEqual({
      subject: "choice/then_branch/product",
      message: "is computed in integers in the file, and in float in the export.",
    });

    const alone = buildModel({
      ...CHOICE_ENDS,
      nodes: [makeNode("MatMul", ["x", "w"], ["z"], { name: "product" }), relu("z", "y")],
      constants: { w: weight },
    });
    const { matching } = new Beside(await open(alone), read).describe();
    expect(matching.matches[0]).toMatchObject({ stored: "choice/then_branch/product_quant", float: "product" });
  });

  it("says where each makes a tensor of the other by another operator, as a Softmax of an old opset is written anew", async () => {
    const ends = { opset: 13, inputs: [floatInput("x", [1, SIZE])], outputs: ["y"] };
    const weight = noise([SIZE, SIZE], 61);
    const codes = Int8Array.from(weight.data as Float32Array, (value) => Math.floor(value * 64));
    const float = buildModel({
      ...ends,
      nodes: [makeNode("MatMul", ["x", "w"], ["h"]), makeNode("Softmax", ["h"], ["y"], { name: "shares" })],
      constants: { w: weight },
    });
    const file = buildModel({
      ...ends,
      nodes: [
        makeNode("DequantizeLinear", ["w_quantized", "s"], ["w"]),
        makeNode("MatMul", ["x", "w"], ["h"]),
        makeNode("Flatten", ["h"], ["f"]),
        makeNode("Softmax", ["f"], ["y_intermediate"]),
        makeNode("Reshape", ["y_intermediate", "shape"], ["y"], { name: "back" }),
      ],
      constants: {
        w_quantized: { type: "int8", dims: [SIZE, SIZE], data: codes },
        ...{ s: scalar("float32", 1 / 64), shape: vector("int64", [1, SIZE]) },
      },
    });
    const { matching } = new Beside(await open(float), await readQuantized(sourceOf(file))).describe();
    expect(matching.float).toEqual([
      { layer: "shares", operator: "Softmax", why: "the file makes its tensor by Reshape, back" },
    ]);
    expect(matching.stored.map(({ layer, why }) => [layer, why])).toContainEqual([
      "back",
      "the float model makes its tensor by Softmax, shares",
    ]);
  });

  it("is refused where it has another input, and where nothing of it is quantized", async () => {
    const { file } = await made({});
    const graph = withFields(file.graph!, { input: [floatInput("picture", [1, 2, 6, 6])] });
    await expect(beside(withFields(file, { graph }))).rejects.toThrow(/has no input x, which made.onnx has/);
    await expect(readQuantized(sourceOf(floatModel()))).rejects.toThrow(
      '"given.onnx" has no quantized layer; it is a float model.',
    );
  });
});

const relu = (from: string, to: string) => makeNode("Relu", [from], [to]);

const CHOICE_ENDS = {
  opset: 13,
  inputs: [floatInput("x", [1, SIZE]), portInfo({ name: "whether", type: "bool", dims: [] })],
  outputs: ["y"],
};

/** A product before an If, and two products inside it. */
function twoInsideAChoice() {
  return buildModel({
    ...CHOICE_ENDS,
    nodes: [
      makeNode("MatMul", ["x", "w"], ["h"], { name: "before" }),
      choiceOf(
        makeNode("MatMul", ["h", "v"], ["z"], { name: "first" }),
        makeNode("MatMul", ["z", "v"], ["t"], { name: "second" }),
      ),
    ],
    constants: { w: noise([SIZE, SIZE], 51), v: noise([SIZE, SIZE], 52) },
  });
}

/** An If, named choice, that makes y of what these nodes make last, or of x. */
function choiceOf(...nodes: NodeProto[]): NodeProto {
  const branch = (name: string, ...inner: NodeProto[]) => {
    const g = buildModel({ opset: 13, outputs: [inner.at(-1)!.output[0]!], nodes: inner }).graph!;
    return create(AttributeProtoSchema, { name, g, type: AttributeProto_AttributeType.GRAPH });
  };
  const attributes = [branch("then_branch", ...nodes), branch("else_branch", makeNode("Identity", ["x"], ["same"]))];
  return makeNode("If", ["whether"], ["y"], { name: "choice", attributes });
}

function withOther(float: ModelProto, name: string): ModelProto {
  const graph = float.graph!;
  const initializer = graph.initializer.map((tensor) =>
    tensor.name === name ? withFields(tensor, { rawData: tensor.rawData.toReversed() }) : tensor,
  );
  return withFields(float, { graph: withFields(graph, { initializer }) });
}
