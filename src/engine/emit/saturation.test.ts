import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { prepareModel } from "../graph/prepare.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import { randomFeeds, run } from "../graph/testing/native.ts";
import type { Range } from "../model/range.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { inputPorts } from "../onnx/ports.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { readModel } from "../onnx/testing/models.ts";
import { planQuantization } from "../plan/plan.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared } from "../testing/shared.ts";
import { quantizeGraph } from "./index.ts";

/** Weights all next to the largest one: without a guard every pair of them saturates where the input is large. */
function heavyWeights(dims: readonly number[]): Tensor {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  data.forEach((_, i) => {
    data[i] = (i % 7 === 3 ? -1 : 1) * (1 - (i % 11) / 64);
  });
  return { type: "float32", dims, data };
}

async function quantized(model: ModelProto, feeds: TensorMap): Promise<ModelProto> {
  const { graph } = model;
  if (!graph) throw new Error("a model has a graph");
  const activations = graph.node.flatMap(({ output }) => output);
  const seen = await run(exposeOutputs(model, activations), feeds);
  const ranges = new Map<string, Range>();
  for (const [name, { data }] of [...feeds, ...seen]) {
    const values = data as Float32Array;
    ranges.set(name, {
      low: values.reduce((low, value) => Math.min(low, value), 0),
      high: values.reduce((high, value) => Math.max(high, value), 0),
    });
  }
  const types = new Map([...ranges.keys()].map((name) => [name, "float32"] as const));
  const plan = planQuantization(graph, types, PLAIN_RECIPE, ORT);
  expect(plan.layers.filter(({ weightUse }) => weightUse).length).toBeGreaterThan(0);
  return quantizeGraph(model, plan, ranges, PLAIN_RECIPE).model;
}

/** The first output; "exact" asks ONNX Runtime for integer kernels that cannot saturate. */
async function outputOf(model: ModelProto, feeds: TensorMap, kernels: "usual" | "exact"): Promise<Float32Array> {
  const session = await InferenceSession.create(concat(encodeModel(model)), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { x64quantprecision: kernels === "exact" ? "1" : "0" } },
  });
  const inputs = [...feeds].map(([name, { data, dims }]) => [
    name,
    new OrtTensor("float32", data as Float32Array, dims),
  ]);
  const results = await session.run(Object.fromEntries(inputs));
  const output = results[session.outputNames[0] as string]?.data as Float32Array;
  await session.release();
  return output;
}

async function expectExact(model: ModelProto, feeds: TensorMap): Promise<void> {
  const integer = await quantized(model, feeds);
  const usual = await outputOf(integer, feeds, "usual");
  expect(usual.some((value) => value !== usual[0])).toBe(true);
  expect(usual).toEqual(await outputOf(integer, feeds, "exact"));
}

describe("outputs do not depend on whether the processor's 8-bit sums saturate", () => {
  const conv = (group: number, stride = 1): NodeProto =>
    makeNode("Conv", ["x", "w"], ["y"], {
      attributes: [intAttribute("group", group), intsAttribute("strides", [stride, stride])],
    });
  const dense = (operator: string, transB?: number): NodeProto =>
    makeNode(operator, ["x", "w"], ["y"], {
      attributes: transB === undefined ? [] : [intAttribute("transB", transB)],
    });
  test.each<[string, NodeProto, number[], number[]]>([
    ["pointwise Conv", conv(1), [1, 16, 9, 9], [24, 16, 1, 1]],
    ["pointwise Conv of odd channels", conv(1), [1, 13, 9, 9], [9, 13, 1, 1]],
    ["3x3 Conv", conv(1), [1, 16, 9, 9], [24, 16, 3, 3]],
    ["3x3 Conv of an image", conv(1, 2), [1, 3, 19, 19], [8, 3, 3, 3]],
    ["5x3 Conv of odd channels", conv(1), [1, 5, 9, 9], [7, 5, 5, 3]],
    ["Conv of one channel", conv(1), [1, 1, 9, 9], [8, 1, 3, 3]],
    ["grouped Conv", conv(4), [1, 12, 9, 9], [8, 3, 3, 3]],
    ["grouped Conv of even channels", conv(2), [1, 16, 9, 9], [8, 8, 3, 3]],
    ["depthwise Conv", conv(16), [1, 16, 9, 9], [16, 1, 3, 3]],
    ["depthwise Conv with a multiplier", conv(6), [1, 6, 9, 9], [12, 1, 3, 3]],
    [
      "depthwise Conv over one dimension",
      makeNode("Conv", ["x", "w"], ["y"], { attributes: [intAttribute("group", 6)] }),
      [1, 6, 30],
      [6, 1, 5],
    ],
    ["Conv over one dimension", makeNode("Conv", ["x", "w"], ["y"]), [1, 6, 30], [12, 6, 5]],
    ["Gemm", dense("Gemm"), [4, 35], [35, 17]],
    ["transposed Gemm", dense("Gemm", 1), [4, 35], [17, 35]],
    ["MatMul", dense("MatMul"), [2, 4, 35], [35, 17]],
  ])("%s", async (_, node, input, weight) => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", input)],
      outputs: ["y"],
      nodes: [node],
      constants: { w: heavyWeights(weight) },
    });
    await expectExact(model, randomFeeds(model));
  });

  test.each(["squeezenet1.1.onnx", "mobilenet_v1_0.75_224.onnx"])("%s", needsShared, async (name) => {
    const { folded } = await prepareModel(decodeModel(readModel(name), name), (model) => run(model), ORT.opset);
    const port = inputPorts(folded)[0]!;
    await expectExact(folded, randomFeeds(folded, { [port.name]: [1, 3, 224, 224] }));
  });
});
