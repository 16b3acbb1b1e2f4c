import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { allowInt4 } from "../graph/opset.ts";
import { prepareModel } from "../graph/prepare.ts";
import { relativeDifference, run } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { channelLayout } from "../numerics/channels.ts";
import { dequantizeWeights } from "../numerics/weights.ts";
import { intAttribute, intOf, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModel, totalLength } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { opsetOf } from "../onnx/opset.ts";
import { TensorProto_DataType as Code, type ModelProto, type TensorProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { readModel } from "../onnx/testing/models.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared } from "../testing/shared.ts";
import { quantizeGraph } from "./index.ts";
import { type Choices, leastSqnr, noiseFeeds, planOf, type Trial, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });

const INT4 = { type: "int4", granularity: "channel", rounding: "nearest" } as const;
const format = "weights" as const;

/** Weights of odd counts, shared ones, every weighted operator, and a pool. */
function network(opset = 17, pool: ReturnType<typeof intAttribute>[] = []): ModelProto {
  const kernel = intsAttribute("kernel_shape", [2, 2]);
  return buildModel({
    opset,
    inputs: [floatInput("x", [1, 3, 7, 7])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv" }),
      makeNode("Relu", ["c"], ["r"], { name: "relu" }),
      makeNode("Conv", ["r", "d"], ["e"], { name: "depthwise", attributes: [intAttribute("group", 5)] }),
      makeNode("AveragePool", ["e"], ["p"], { name: "pool", attributes: [kernel, ...pool] }),
      makeNode("ConvTranspose", ["p", "t"], ["u"], { name: "up" }),
      makeNode("Flatten", ["u"], ["f"], { name: "flatten" }),
      makeNode("Softmax", ["f"], ["out"], { name: "softmax" }),
    ],
    constants: {
      w: noise([5, 3, 3, 3], 7),
      b: noise([5], 8),
      d: noise([5, 1, 3, 3], 9),
      t: noise([5, 3, 2, 2], 10),
    },
  });
}

const initializer = ({ graph }: ModelProto, name: string) => graph?.initializer.find((each) => each.name === name);

/** Signed codes of an int4 tensor, read as ONNX says: the first of each two in the low four bits. */
function codesOf({ rawData, dims }: TensorProto): Int8Array {
  const count = dims.reduce((product, dim) => product * Number(dim), 1);
  return Int8Array.from({ length: count }, (_, i) => (((rawData[i >> 1] as number) >> (4 * (i & 1))) << 28) >> 28);
}

/** The float model with the values that the written codes and scales stand for. */
function dequantized(model: ModelProto, { model: quantized }: Trial): ModelProto {
  const nodes = quantized.graph?.node.filter(({ opType }) => opType === "DequantizeLinear") ?? [];
  const values = new Map(
    nodes.map((node) => {
      const [codes, scales] = node.input.map((name) => initializer(quantized, name)!);
      const dims = dimsOf(codes!);
      const layout = channelLayout(dims, intOf(node, "axis") ?? null);
      const data = dequantizeWeights(codesOf(codes!), layout, tensorOf(scales!).data as Float32Array);
      return [codes!.name.replace("_quantized", ""), { type: "float32" as const, dims, data }];
    }),
  );
  const graph = model.graph!;
  return withFields(model, {
    graph: withFields(graph, {
      initializer: graph.initializer.map((tensor) =>
        values.has(tensor.name) ? tensorProto(tensor.name, values.get(tensor.name)!) : tensor,
      ),
    }),
  });
}

describe("weights alone in int4", () => {
  const choices: Choices = { weights: INT4, format };

  it("are packed, with a DequantizeLinear along their output channels, and nothing else is added", async () => {
    const { model, plan } = await tryOut(network(), choices);
    const nodes = model.graph?.node ?? [];
    expect(nodes.map(({ opType }) => opType).filter((type) => type.endsWith("Linear"))).toEqual(
      Array(3).fill("DequantizeLinear"),
    );
    expect(nodes.filter(({ opType }) => opType === "DequantizeLinear").map((node) => intOf(node, "axis"))).toEqual([
      0, 0, 1,
    ]);
    expect(initializer(model, "w_quantized")).toMatchObject({ dataType: Code.INT4, dims: [5n, 3n, 3n, 3n] });
    expect(initializer(model, "w_quantized")?.rawData).toHaveLength(68);
    expect([...(initializer(model, "w_zero_point")?.rawData ?? [])]).toEqual([0, 0, 0]);
    expect(nodes.find(({ name }) => name === "conv")?.input[2]).toBe("b");
    expect([opsetOf(model), model.irVersion]).toEqual([21, 10n]);
    expect(plan.groups).toEqual([]);
    expect(plan.layers.map(({ precision }) => precision)).toEqual([
      "int4",
      "float32",
      "int4",
      "float32",
      "int4",
      "float32",
      "float32",
    ]);
    expect(reasonText(plan.layers[1]!.reason!)).toBe("weights-only recipe");
  });

  it("give what the float model gives with the values of the codes, as written and optimized", async () => {
    const trial = await tryOut(network(), choices);
    const feeds = noiseFeeds(network(), 1);
    const expected = (await run(dequantized(allowInt4(network(), ORT.ownDomain), trial), feeds)).get("out");
    for (const optimize of [false, true]) {
      const made = (await run(trial.model, feeds, optimize)).get("out");
      expect(relativeDifference(expected, made)).toBeLessThan(1e-5);
    }
  });

  it("load and run in the WASM build, weights beside the graph, as on Node", async () => {
    const { model } = await tryOut(network(), choices);
    const feeds = noiseFeeds(model, 1);
    const session = await wasm.createSession(toModelFile(model), { threads: 1 });
    expect(
      relativeDifference((await run(model, feeds)).get("out"), (await session.run(feeds)).get("out")),
    ).toBeLessThan(1e-5);
    await session.dispose();
  });

  it("fall back on ONNX Runtime's own DequantizeLinear where an operator means something else in opset 21", async () => {
    const graph = network(13, [intAttribute("ceil_mode", 1)]);
    const { model } = await tryOut(graph, choices);
    expect(opsetOf(model)).toBe(13);
    expect(model.opsetImport.map(({ domain }) => domain)).toEqual(["", "com.microsoft"]);
    const domains = model.graph?.node.filter(({ opType }) => opType === "DequantizeLinear").map(({ domain }) => domain);
    expect(domains).toEqual(Array(3).fill("com.microsoft"));
    const feeds = noiseFeeds(model, 1);
    const session = await wasm.createSession(toModelFile(model), { threads: 1 });
    expect(
      relativeDifference((await run(model, feeds)).get("out"), (await session.run(feeds)).get("out")),
    ).toBeLessThan(1e-5);
    await session.dispose();
  });

  it("stay in float for the layers and operators that the recipe names", async () => {
    const { plan } = await tryOut(network(), {
      weights: INT4,
      format,
      float: { layers: ["conv"], operators: ["ConvTranspose"], tensors: ["x", "r"] },
    });
    expect(plan.layers.filter(({ precision }) => precision === "int4").map(({ id }) => id)).toEqual(["depthwise"]);
    expect(reasonText(plan.layers[0]!.reason!)).toBe("the recipe leaves this layer in float");
  });
});

describe("other widths", () => {
  it("int8 weights alone are finer, and as good as free", async () => {
    const trial = await tryOut(network(), { format });
    expect(trial.plan.layers[0]).toMatchObject({ precision: "int8", weight: "w" });
    expect(opsetOf(trial.model)).toBe(17);
    expect(leastSqnr(trial)).toBeGreaterThan(35);
  });

  it("int4 weights go with 8-bit activations; their biases are int32 of fine scales, which ONNX Runtime rounds no further", async () => {
    const { model, plan, sqnr } = await tryOut(network(), { weights: INT4 });
    expect(plan.layers.map(({ precision }) => precision)).toEqual([
      "int4",
      "int8",
      "int4",
      "int8",
      "int4",
      "int8",
      "int8",
    ]);
    expect(model.graph?.node.find(({ name }) => name === "conv")?.input[2]).toBe("b_DequantizeLinear_Output");
    const scale = (tensorOf(initializer(model, "b_scale") as TensorProto).data as Float32Array)[0]!;
    expect(scale).toBeLessThan(1e-8);
    expect(initializer(model, "w_quantized")?.dataType).toBe(Code.INT4);
    expect(sqnr.out?.optimized).toBeGreaterThan(15);
    expect(sqnr.out?.literal).toBeGreaterThan(15);
    const session = await wasm.createSession(toModelFile(model), { threads: 1 });
    expect((await session.run(noiseFeeds(model, 1))).has("out")).toBe(true);
    await session.dispose();
  });
});

describe("real models", needsShared, () => {
  it.each(["mobilenet_v1_0.75_224.onnx", "squeezenet1.1.onnx"])(
    "%s takes about an eighth of its bytes",
    async (name) => {
      const given = decodeModel(readModel(name), name);
      const { folded } = await prepareModel(given, (part) => run(part), ORT.opset);
      const raised = allowInt4(folded, ORT.ownDomain);
      const { plan, session } = await planOf(raised, { format, weights: INT4 });
      await session.dispose();
      const recipe = { ...PLAIN_RECIPE, weights: INT4, format } as const;
      const { model } = quantizeGraph(raised, plan, new Map(), recipe);
      expect(totalLength(encodeModel(model)) / totalLength(encodeModel(given))).toBeLessThan(0.14);
    },
  );
});
