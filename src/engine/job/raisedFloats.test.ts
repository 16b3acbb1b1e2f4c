import { describe, expect, test } from "vitest";
import { convertElements } from "../data/elements.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, noise, portInfo } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import { needsShared } from "../testing/shared.ts";
import type { DataType } from "../values/elementTypes.ts";
import { evaluateModels } from "./evaluate.ts";
import { inspectModel } from "./inspect.ts";
import { defaultRecipe, runnable } from "./open.ts";
import { Prober } from "./probe.ts";
import { quantizeModel } from "./quantize.ts";
import { sensitivity } from "./sensitivity.ts";
import { settleAlone } from "./settle.ts";
import { floatFileOf } from "./source.ts";
import { sharedCase } from "./testing/cases.ts";
import { AS_WRITTEN, type Compared, context, datasetOf, quantizeAndCompare, runtime } from "./testing/quantized.ts";
import { tune } from "./tune.ts";
import { verifiedExport } from "./verifiedExport.ts";

const as = (type: DataType, tensor: Tensor): Tensor => ({
  ...tensor,
  type,
  data: convertElements(tensor.data, type, "a test").slice(),
});
const scaled = (tensor: Tensor, factor: number): Tensor => ({
  ...tensor,
  data: (tensor.data as Float32Array).map((value) => value * factor),
});

/** Two layers with weights, all of one type. */
function network(type: DataType): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [portInfo({ name: "x", type, dims: ["n", 3, 8, 8] })],
    outputs: [portInfo({ name: "y", type, dims: ["n", 10] })],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] }),
      makeNode("Relu", ["c"], ["r"]),
      makeNode("GlobalAveragePool", ["r"], ["p"]),
      makeNode("Flatten", ["p"], ["f"]),
      makeNode("Gemm", ["f", "v", "d"], ["y"]),
    ],
    constants: Object.fromEntries(
      Object.entries({
        w: noise([32, 3, 3, 3], 1),
        b: noise([32], 2),
        v: noise([32, 10], 3),
        d: noise([10], 4),
      }).map(([name, tensor]) => [name, as(type, scaled(tensor, 0.5))]),
    ),
  });
}
const samplesOf = (type: DataType, from: number): TensorMap[] =>
  Array.from({ length: 8 }, (_, i) => new Map([["x", as(type, noise([1, 3, 8, 8], from + i))]]));

function expectKept({ model, quantized, notices }: Compared, type: string) {
  expect([inputPorts(quantized.model), outputPorts(quantized.model)]).toEqual([
    inputPorts(model.original),
    outputPorts(model.original),
  ]);
  expect(faultsOf(quantized.model)).toEqual([]);
  expect(notices.filter(({ subject }) => subject === type)).toHaveLength(1);
}

describe("the shared cases", needsShared, () => {
  test.each([
    ["float16-inside", "float16", 25],
    ["float64", "float64", 25],
  ])("%s is quantized, keeps what it is fed and gives, and says so", async (name, type, least) => {
    const { bytes, calibration, unseen } = await sharedCase(name, ["x"]);
    const made = await quantizeAndCompare(bytes, calibration, unseen);
    const weighted = made.quantized.plan.layers.filter(({ operator }) => /Conv|MatMul|Gemm/.test(operator));
    expect(weighted.map(({ precision }) => precision)).toEqual(["int8", "int8"]);
    expect(Math.min(...Object.values(made.sqnr))).toBeGreaterThan(least);
    expectKept(made, type);
  });
});

describe.each(["float16", "float64"] as const)("a network that is %s throughout", (type) => {
  const made = quantizeAndCompare(network(type), samplesOf(type, 1), samplesOf(type, 51));
  const layered = async () => {
    const { model, recipe } = await made;
    return { model, recipe, data: datasetOf(model, samplesOf(type, 51)) };
  };

  test("is quantized, and what is written keeps its ends", async () => {
    expect((await made).sqnr.y).toBeGreaterThan(25);
    expectKept(await made, type);
  });

  test("is evaluated against itself in float32, as the command line reads it", async () => {
    const { model, recipe, data } = await layered();
    const float = await floatFileOf({
      bytes: concat(encodeModel(model.original)),
      fileName: "made.onnx",
      readBeside: async () => null,
    });
    expect(float.notices.map(({ subject }) => subject)).toEqual([type]);
    const quantized = quantizeModel(model, recipe);
    const job = {
      float,
      quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
      skip: 0,
      samples: 8,
      limit: 0.01,
      machine: "a test",
    };
    const evaluation = await evaluateModels(job, data, runtime, context);
    expect(evaluation.bytes.float).toBe(model.bytes);
    expect(evaluation.outputs).toHaveLength(1);
    expect(evaluation.outputs[0]!.sqnr).toBeGreaterThan(25);
    const probe = await new Prober(model, runtime).probe(recipe, data, { skip: 0, samples: 8 }, context);
    expect(probe.sqnr).toBeCloseTo(evaluation.outputs[0]!.sqnr!, 6);
  });

  test("has its sensitivity measured and is searched", async () => {
    const { model, recipe, data } = await layered();
    const request = { samples: 8, untilSettled: false };
    const measured = await sensitivity(model, recipe, data, request, runtime, context, () => undefined);
    expect(measured.layers.length).toBeGreaterThan(1);
    expect(measured.all.sqnr).toBeGreaterThan(25);
    const tuning = await tune(
      model,
      defaultRecipe(model),
      data,
      { goal: "size", limit: { kind: "sqnr", decibels: 20 }, samples: 8, budget: null },
      runtime,
      context,
      () => undefined,
    );
    expect(tuning.tuning.points[0]!.sqnr).toBeGreaterThan(20);
  });

  test("has its weights alone quantized, without a sample", async () => {
    const { model } = await layered();
    const recipe = defaultRecipe(model);
    const alone = settleAlone(model, {
      ...recipe,
      format: "weights",
      corrections: { equalization: false, bias: "none" },
    });
    const request = { recipe: alone.recipe, calibration: alone.calibration, evaluation: null, date: "" };
    const { quantized, notices } = await verifiedExport(model, request, null, runtime, context);
    expect(quantized.bytes).toBeLessThan(model.bytes);
    expect(notices.filter(({ message }) => /not run here/.test(message))).toEqual([]);
  });

  test("has samples doubted by what its input is fed", async () => {
    const [first, ...others] = samplesOf(type, 1);
    const far = new Map([["x", as(type, scaled(noise([1, 3, 8, 8], 1), 5000))]]);
    const { notices } = await quantizeAndCompare(network(type), [first!, far, ...others], []);
    expect(notices.filter(({ message }) => /^sample 1 reaches/.test(message))).toHaveLength(1);
  });

  test("is inspected with the types that it has", async () => {
    const source = { bytes: concat(encodeModel(network(type))), fileName: "made.onnx", readBeside: async () => null };
    const { summary } = await inspectModel(source, AS_WRITTEN, runtime, context);
    expect([...summary.inputs, ...summary.outputs].map((port) => port.type)).toEqual([type, type]);
    expect(summary.preparation.join("\n")).toContain(`4 ${type} constants`);
  });
});

test("what is larger than a float16 model says that what stays in float is float32 there", async () => {
  const { notices } = await quantizeAndCompare(network("float16"), samplesOf("float16", 1), []);
  const growth = notices.filter(({ message }) => message.includes("is larger than the float model"));
  expect(growth.map(({ message }) => message).join()).toMatch(/is float32 there/);
});
