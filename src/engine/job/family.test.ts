import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Evaluation, OutputError } from "../model/evaluation.ts";
import { makeNode } from "../onnx/attributes.ts";
import { AttributeProto_AttributeType, AttributeProtoSchema } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { besideWebgpu, FAMILY_VARIANTS, isVariantName, noiseOf, worstOutput } from "./family.ts";

const output = (name: string, sqnr: number | null, nonFinite = 0): OutputError => ({
  name,
  agreement: null,
  sqnr,
  parts: [],
  mse: 0,
  mae: 0,
  cosine: null,
  kl: null,
  nonFinite,
});

function evaluation(change: Partial<Evaluation>): Evaluation {
  const latency = { p50: 1, p95: 1 };
  return {
    samples: 4,
    labelled: 0,
    top1: null,
    top5: null,
    perplexity: null,
    verdict: null,
    outputs: [output("y", 40)],
    bytes: { float: 2, quantized: 1 },
    latency: { float: latency, quantized: latency, runs: 1, runtime: "", machine: "", threads: 1 },
    notices: [],
    ...change,
  };
}

const top1 = (float: number, quantized: number): Partial<Evaluation> => ({
  top1: { float, quantized, drop: float - quantized, interval: [0, 0] },
});
const perplexity = (float: number, quantized: number): Partial<Evaluation> => ({
  perplexity: { output: "y", tokens: 9, float, quantized, rise: quantized / float - 1, interval: null },
});

describe("noise", () => {
  it.each<[string, Partial<Evaluation>]>([
    ["b has an SQNR of 9.90 dB, below 10.0 dB", { outputs: [output("a", 30), output("b", 9.9)] }],
    ["values of a are not finite", { outputs: [output("a", null, 3)] }],
    ["top-1 is 30.0 %, of 80.0 % in float", top1(0.8, 0.3)],
    ["perplexity is 21.0, of 10.0 in float", perplexity(10, 21)],
    ["perplexity is ", perplexity(10, Number.POSITIVE_INFINITY)],
    ["perplexity is ", perplexity(10, Number.NaN)],
    [
      "of ids, 40.0 % of 10 values equal",
      { others: [{ name: "ids", kind: "values", float: 10, quantized: 10, same: 0.4 }] },
    ],
  ])("is said where %s", (why, change) => {
    expect(noiseOf(evaluation(change))).toContain(why);
  });

  it.each<Partial<Evaluation>>([
    {},
    { outputs: [output("a", 10)] },
    { outputs: [output("a", null)] },
    top1(0.8, 0.4),
    top1(0, 0),
    perplexity(10, 20),
    { others: [{ name: "ids", kind: "skipped", float: 0, quantized: 0, same: null }] },
  ])("is none of %j", (change) => {
    expect(noiseOf(evaluation(change))).toBeNull();
  });
});

it("has the worst output's figure, and none where no output has one", () => {
  expect(worstOutput(evaluation({ outputs: [output("a", 30), output("b", null), output("c", 20)] }))).toBe(20);
  expect(worstOutput(evaluation({ outputs: [output("a", null)] }))).toBeNull();
});

it("names every file apart, and knows its own as variants", () => {
  const suffixes = FAMILY_VARIANTS.map(({ suffix }) => suffix);
  expect(new Set(suffixes).size).toBe(suffixes.length);
  for (const suffix of suffixes) expect(isVariantName(`decoder_model_merged${suffix}`)).toBe(suffix !== "");
});

it("finds what WebGPU leaves to the processor, in graphs within too", () => {
  const inner = buildModel({
    opset: 17,
    outputs: ["z"],
    nodes: [makeNode("MatMulInteger", ["codes", "w"], ["z"])],
  }).graph!;
  const branch = (name: string) =>
    create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.GRAPH, g: inner });
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4])],
    outputs: ["y"],
    nodes: [
      makeNode("Relu", ["x"], ["r"]),
      makeNode("If", ["c"], ["y"], {
        attributes: [branch("then_branch"), branch("else_branch")],
      }),
    ],
  });
  expect(besideWebgpu(model)).toEqual(["MatMulInteger"]);
});

it.each(["MatMulNBits", "MatMulBnb4", "GatherBlockQuantized"])("does not name %s, which WebGPU has", (operator) => {
  const nodes = [makeNode(operator, ["x", "w"], ["y"], { domain: "com.microsoft" })];
  const model = buildModel({ opset: 17, inputs: [floatInput("x", [1, 4])], outputs: ["y"], nodes });
  expect(besideWebgpu(model)).toEqual([]);
});
