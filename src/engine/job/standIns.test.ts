import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import {
  TensorProto_DataType as Code,
  type ModelProto,
  TypeProto_SequenceSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { needsShared } from "../testing/shared.ts";
import { evaluateModels } from "./evaluate.ts";
import { defaultRecipe, runnable } from "./open.ts";
import { Prober } from "./probe.ts";
import { quantizeModel } from "./quantize.ts";
import { sensitivity } from "./sensitivity.ts";
import { outputsShapedByData, standInsOf } from "./standIns.ts";
import { sharedCase } from "./testing/cases.ts";
import { context, datasetOf, open, runtime, settledOn } from "./testing/quantized.ts";
import { tune } from "./tune.ts";
import { walk } from "./walk.ts";

/** Every measurement there is, on a model as it is opened. */
async function everything(given: ModelProto | Uint8Array, samples: readonly TensorMap[]) {
  const model = await open(given);
  const data = datasetOf(model, samples);
  const recipe = await settledOn(model, data, 4);
  const quantized = quantizeModel(model, recipe);
  const job = {
    float: { file: runnable(model.reference), bytes: model.bytes },
    quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
    ...{ skip: 0, samples: 8, limit: 0.01, machine: "a test", dataShaped: outputsShapedByData(model) },
  };
  const evaluation = await evaluateModels(job, data, runtime, context);
  const probe = await new Prober(model, runtime).probe(recipe, data, { skip: 0, samples: 4 }, context);
  const measured = await sensitivity(
    model,
    recipe,
    data,
    { samples: 4, untilSettled: false },
    runtime,
    context,
    () => undefined,
  );
  const request = { goal: "size", limit: { kind: "sqnr", decibels: 20 }, samples: 8, budget: null } as const;
  const { tuning } = await tune(model, defaultRecipe(model), data, request, runtime, context, () => undefined);
  const steps = await walk(model, recipe, data, { samples: 4 }, runtime, context);
  return { model, evaluation, probe, measured, tuning, steps };
}

const bare = (name: string) => create(ValueInfoProtoSchema, { name });
const sequence = (name: string) => {
  const elemType = create(TypeProtoSchema, {
    value: { case: "tensorType", value: create(TypeProto_TensorSchema, { elemType: Code.FLOAT }) },
  });
  const type = create(TypeProtoSchema, {
    value: { case: "sequenceType", value: create(TypeProto_SequenceSchema, { elemType }) },
  });
  return create(ValueInfoProtoSchema, { name, type });
};
const samples: TensorMap[] = Array.from({ length: 8 }, (_, i) => new Map([["x", noise([1, 3, 6, 6], i + 1)]]));
const convs = [
  makeNode("Conv", ["x", "w"], ["c"]),
  makeNode("Relu", ["c"], ["r"]),
  makeNode("Conv", ["r", "v"], ["logits"]),
];
const constants = { w: noise([4, 3, 2, 2], 1), v: noise([5, 4, 2, 2], 2) };
const model = (parts: Pick<Parameters<typeof buildModel>[0], "outputs" | "nodes">) =>
  buildModel({ opset: 13, inputs: [floatInput("x", [1, 3, 6, 6])], constants, ...parts });

describe("the shared case of which data decides how many boxes there are", needsShared, () => {
  test("is judged as sets, and measured and searched by what NonMaxSuppression reads", async () => {
    const { bytes, calibration } = await sharedCase("nms-in-graph", ["x"]);
    const { model: opened, evaluation, probe, measured, tuning, steps } = await everything(bytes, calibration);
    expect(standInsOf(opened)).toEqual(["transpose_31", "reshape_34"]);
    expect(evaluation.outputs).toEqual([]);
    expect(evaluation.others?.map(({ name, kind }) => [name, kind])).toEqual([
      ["det", "rows"],
      ["sel", "rows"],
    ]);
    for (const { same, float } of evaluation.others ?? []) {
      expect(float).toBeGreaterThan(100);
      expect(same).toBeGreaterThan(0.85);
      expect(same).toBeLessThan(1);
    }
    expect(probe.sqnr).toBeGreaterThan(20);
    expect(measured.all.sqnr).toBeGreaterThan(20);
    // One of four layers with weights stays in float by default, for what it costs the outputs.
    expect(measured.layers.length).toBe(3);
    expect(measured.notices[0]?.message).toMatch(/compared in their place: transpose_31, reshape_34\.$/);
    expect(tuning.judged.by).toEqual(["transpose_31", "reshape_34"]);
    expect(steps.steps.length).toBeGreaterThan(2);
  });
});

describe("outputs that are no floats", () => {
  const argmax = makeNode("ArgMax", ["logits"], ["class"], { attributes: [intAttribute("axis", 1)] });

  test("integers alone: what they are made of is measured, and they are compared by equality", async () => {
    const given = model({
      outputs: [portInfo({ name: "class", type: "int64", dims: [1, 1, 4, 4] })],
      nodes: [...convs, argmax],
    });
    const { evaluation, measured, tuning, probe } = await everything(given, samples);
    expect(evaluation.others).toMatchObject([{ name: "class", kind: "values", float: 128 }]);
    expect(evaluation.others![0]!.same).toBeGreaterThan(0.8);
    expect(measured.all.sqnr).toBeGreaterThan(20);
    expect(tuning.judged.by).toEqual(["logits"]);
    expect(probe.output).toBe("logits");
  });

  test("beside floats: these are measured, texts are compared by equality, and a sequence is named", async () => {
    const text = makeNode("Cast", ["class"], ["text"], { attributes: [intAttribute("to", Code.STRING)] });
    const given = model({
      outputs: [
        floatInput("logits", [1, 5, 4, 4]),
        sequence("list"),
        bare("text"),
        portInfo({ name: "class", type: "int64", dims: [1, 1, 4, 4] }),
      ],
      nodes: [...convs, argmax, text, makeNode("SequenceConstruct", ["logits", "r"], ["list"])],
    });
    const { evaluation, measured, tuning } = await everything(given, samples);
    expect(evaluation.outputs.map(({ name }) => name)).toEqual(["logits"]);
    const [texts, classes, list] = evaluation.others!;
    expect([texts!.name, classes!.name]).toEqual(["text", "class"]);
    expect(texts!.same).toBe(classes!.same);
    expect(list).toEqual({ name: "list", kind: "skipped", float: 0, quantized: 0, same: null });
    expect(measured.all.sqnr).toBeGreaterThan(20);
    expect(tuning.judged.by).toBeUndefined();
  });

  test("rows that data chooses beside floats of one size: the SQNR is that of these", async () => {
    const given = model({
      outputs: [floatInput("logits", [1, 5, 4, 4]), bare("places")],
      nodes: [...convs, makeNode("Relu", ["logits"], ["positive"]), makeNode("NonZero", ["positive"], ["places"])],
    });
    const { evaluation, measured } = await everything(given, samples);
    expect(evaluation.outputs.map(({ name }) => name)).toEqual(["logits"]);
    expect(evaluation.others).toMatchObject([{ name: "places", kind: "rows" }]);
    expect(evaluation.others![0]!.same).toBeGreaterThan(0.8);
    expect(measured.all.sqnr).toBeGreaterThan(20);
  });
});
