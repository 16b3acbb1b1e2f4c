import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { inputPorts } from "../onnx/ports.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
} from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { readModel } from "../onnx/testing/models.ts";
import { needsShared } from "../testing/shared.ts";
import { constantInputs, decidedBy, knownShapes } from "./heldConstants.ts";
import { summarizeModel } from "./open.ts";
import { open, quantizeAndCompare, runtime } from "./testing/quantized.ts";

const NAME = "silero_vad_v5.onnx";
const WINDOW = 512;
const CONTEXT = 64;
const RATE = 16000;

/** Syllables of a voice of 100 to 200 Hz in three formants, with noise and pauses between, along which the state is carried. */
async function speech(seed: number): Promise<TensorMap[]> {
  const model = decodeModel(readModel(NAME), NAME);
  const session = await runtime.createSession(toModelFile(model), { threads: 1 });
  const windows = 24;
  const random = noise([4096], seed).data as Float32Array;
  const hiss = noise([windows * WINDOW + CONTEXT], seed + 1).data as Float32Array;
  let phase = 0;
  const signal = hiss.map((breath, i) => {
    const syllable = Math.floor(i / 2500);
    const part = (i % 2500) / 2500;
    const [pitch, ...formants] = [0, 1, 2, 3].map((k) => random[syllable * 4 + k] as number);
    phase += (150 + 50 * pitch!) / RATE;
    const voice = [500, 1400, 2500].reduce((sum, middle, k) => {
      const formant = middle * (1 + 0.4 * formants[k]!);
      return (
        sum +
        (Math.sin((2 * Math.PI * formant * (phase % 1)) / (150 + 50 * pitch!)) * Math.exp(-3 * (phase % 1))) / (k + 1)
      );
    }, 0);
    const isVoiced = syllable % 4 !== 3;
    return (isVoiced ? 0.2 * Math.sin(Math.PI * part) * voice : 0) + 0.004 * breath;
  });
  const samples: TensorMap[] = [];
  let state: Tensor = { type: "float32", dims: [2, 1, 128], data: new Float32Array(256) };
  for (let i = 0; i < windows; i++) {
    const at = i * WINDOW;
    const input: Tensor = {
      type: "float32",
      dims: [1, WINDOW + CONTEXT],
      data: signal.slice(at, at + WINDOW + CONTEXT),
    };
    const feeds = new Map([
      ["input", input],
      ["state", state],
    ]);
    samples.push(feeds);
    state = (await session.run(new Map([...feeds, ["sr", scalar("int64", RATE)]]))).get("stateN")!;
  }
  await session.dispose();
  return samples;
}

test("silero_vad at a held rate has its Convs quantized", needsShared, async () => {
  const inputs = { shapes: {}, values: { sr: RATE } };
  const { model, recipe, quantized, notices, files, sqnr } = await quantizeAndCompare(
    readModel(NAME),
    await speech(1),
    await speech(100),
    inputs,
  );
  const summary = summarizeModel(model, recipe);
  expect(summary.operators.find(({ type }) => type === "Conv")).toEqual({ type: "Conv", count: 6, quantized: 6 });
  expect(Math.min(...Object.values(sqnr))).toBeGreaterThan(30);
  expect(quantized.bytes).toBeLessThan(0.4 * model.bytes);
  expect(inputPorts(quantized.model).map(({ name }) => name)).toEqual(["input", "state", "sr"]);
  const message =
    "The model was prepared for sr = 16000 alone: in the place of each If layer that this decides stands the branch taken. What is written still takes the input and answers for that value whatever it is fed.";
  expect(notices).toContainEqual({ kind: "warning", subject: "sr", message });
  const report = files.find(({ name }) => name.endsWith(".report.json"))!;
  const text = report.chunks.map((chunk) => new TextDecoder().decode(chunk)).join("");
  expect(text).toContain("prepared for sr = 16000 alone");
});

test("flags, integers and lone numbers of a fixed shape may count as constants", () => {
  const ports = [
    { name: "flag", type: "bool", dims: [] },
    { name: "sizes", type: "int64", dims: [2] },
    { name: "open", type: "int64", dims: ["n"] },
    { name: "lone", type: "float32", dims: [1] },
    { name: "many", type: "float32", dims: [2] },
    { name: "fed", type: "float32", dims: [] },
  ] as const;
  const values = { flag: 1, sizes: 7, open: 3, lone: 0.5, many: 2 };
  const names = (shapes: Readonly<Record<string, readonly number[]>>) => [
    ...constantInputs(ports, { shapes, values }).keys(),
  ];
  expect(names({})).toEqual(["flag", "sizes", "lone"]);
  expect(names({ open: [4] })).toEqual(["flag", "sizes", "open", "lone"]);
  expect(constantInputs(ports, { shapes: {}, values }).get("sizes")).toEqual({
    type: "int64",
    dims: [2],
    data: BigInt64Array.of(7n, 7n),
  });
  expect(() => constantInputs(ports, { shapes: {}, values: { sizes: 0.5 } })).toThrow(/sizes/);
});

test("what shapes decided names those that were given, and that no other is taken", () => {
  const given = { shapes: { x: [1, 16], y: [2] }, values: { sr: 8000 } };
  const shaped = decidedBy({ decided: [], shaped: ["x", "stated"] }, given);
  expect(shaped.notes).toEqual(["prepared for x of shape 1 × 16 alone"]);
  expect(shaped.notices).toEqual([
    {
      kind: "warning",
      subject: "x",
      message:
        "The model was prepared for x of shape 1 × 16 alone: in the place of each If layer that this decides stands the branch taken. What is written takes no other shape.",
    },
  ]);
  expect(decidedBy({ decided: [], shaped: ["stated"] }, given)).toEqual({ notes: [], notices: [] });
  const both = decidedBy({ decided: ["sr"], shaped: ["x"] }, given);
  expect(both.notes).toEqual(["prepared for sr = 8000 and x of shape 1 × 16 alone"]);
  expect(both.notices[0]?.message).toMatch(/answers for that value whatever it is fed, and takes no other shape\.$/);
});

test("shapes are known where the model states them, or they are given", () => {
  const ports = [
    { name: "fixed", type: "float32", dims: [1, 4] },
    { name: "open", type: "float32", dims: ["n", 4] },
    { name: "silent", type: "float32", dims: [], unshaped: true },
  ] as const;
  const shapes = { open: [2, 4], silent: [3] };
  expect([...knownShapes(ports, { shapes: {}, values: {} }).keys()]).toEqual(["fixed"]);
  expect(Object.fromEntries(knownShapes(ports, { shapes, values: {} }))).toEqual({ fixed: [1, 4], ...shapes });
  expect(() => knownShapes(ports, { shapes: { open: [2, 5] }, values: {} })).toThrow(/does not fit the input open/);
});

test("layers inside an If that a given shape decides are quantized", async () => {
  const condition: Parameters<typeof makeNode>[] = [
    ["Shape", ["x"], ["shape"]],
    ["Gather", ["shape", "first"], ["rows"]],
    ["Equal", ["rows", "two"], ["isPair"]],
  ];
  const branch = (name: string, opType: string, inputs: readonly string[]) =>
    create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.GRAPH,
      g: create(GraphProtoSchema, { name, node: [makeNode(opType, inputs, [name])], output: [{ name }] }),
    });
  const attributes = [branch("then_branch", "MatMul", ["x", "w"]), branch("else_branch", "MatMul", ["x", "v"])];
  const given = buildModel({
    opset: 17,
    inputs: [floatInput("x", ["rows", 8]), portInfo({ name: "id", type: "int64", dims: [1] })],
    outputs: ["y", "same"],
    nodes: [
      ...condition.map((parts) => makeNode(...parts)),
      makeNode("If", ["isPair"], ["y"], { attributes }),
      makeNode("Neg", ["id"], ["same"]),
    ],
    constants: { w: noise([8, 4], 1), v: noise([8, 4], 2), first: scalar("int64", 0), two: scalar("int64", 2) },
  });
  const id: Tensor = { type: "int64", dims: [1], data: BigInt64Array.of(3n) };
  const samples = [1, 2, 3, 4].map(
    (seed) =>
      new Map([
        ["x", noise([2, 8], seed)],
        ["id", id],
      ] as const),
  );
  await expect(quantizeAndCompare(given, samples, samples)).rejects.toThrow(/no layer has an integer form/);
  const fixed = await quantizeAndCompare(given, samples, samples, { shapes: { x: [2, 8] }, values: {} });
  expect(summarizeModel(fixed.model, fixed.recipe).operators).toContainEqual({
    type: "MatMul",
    count: 1,
    quantized: 1,
  });
  expect(fixed.sqnr.y).toBeGreaterThan(30);
  expect(inputPorts(fixed.quantized.model)[0]?.dims).toEqual([2, 8]);
  expect(fixed.notices.map(({ message }) => message).join()).toContain("prepared for x of shape 2 × 8 alone");
});

test("what was decided by several inputs names them all", () => {
  const { notes, notices } = decidedBy(
    { decided: ["sr", "mode"], shaped: [] },
    { shapes: {}, values: { sr: 8000, mode: 1 } },
  );
  expect(notes).toEqual(["prepared for sr = 8000 and mode = 1 alone"]);
  expect(notices[0]?.message).toContain("sr = 8000 and mode = 1 alone");
  expect(decidedBy({ decided: [], shaped: [] }, { shapes: {}, values: { sr: 8000 } })).toEqual({
    notes: [],
    notices: [],
  });
});

const PICTURE = [1, 2, 4, 4];

/** An If whose branches convolve, or only clamp, by a flag, or by a flag and the data. */
function gated(condition: "flag" | "both", operator: "Conv" | "PRelu"): ModelProto {
  const branch = (name: string) =>
    create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.GRAPH,
      g: create(GraphProtoSchema, {
        name,
        node: [makeNode(operator, ["x", "w"], ["inner"])],
        output: [floatInput("inner", PICTURE)],
      }),
    });
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", PICTURE), portInfo({ name: "flag", type: "bool", dims: [] })],
    outputs: [floatInput("y", PICTURE)],
    nodes: [
      makeNode("ReduceMean", ["x"], ["mean"], { attributes: [intAttribute("keepdims", 0)] }),
      makeNode("Greater", ["mean", "none"], ["above"]),
      makeNode("And", ["flag", "above"], ["both"]),
      makeNode("If", [condition], ["y"], {
        name: "gate",
        attributes: [branch("then_branch"), branch("else_branch")],
      }),
    ],
    constants: { w: noise(operator === "Conv" ? [2, 2, 1, 1] : [1]), none: scalar("float32", 0) },
  });
}

test.each<readonly [string, "flag" | "both", "Conv" | "PRelu", boolean, boolean]>([
  ["told of", "flag", "Conv", false, true],
  ["held", "flag", "Conv", true, false],
  ["decided by data too", "both", "Conv", false, false],
  ["without weights", "flag", "PRelu", false, false],
])("an If that an input decides: %s", async (_, condition, operator, isHeld, isTold) => {
  const { notices } = await open(gated(condition, operator), { shapes: {}, values: isHeld ? { flag: 1 } : {} });
  const message =
    "The layers inside gate run in float, since flag decides at each run which of them do; hold this input at a value to have those quantized that it takes.";
  expect(notices.filter(({ subject }) => subject === "flag" && !isHeld)).toEqual(
    isTold ? [{ kind: "info", subject: "flag", message }] : [],
  );
  expect(notices.filter(({ kind }) => kind === "warning")).toHaveLength(isHeld ? 1 : 0);
});
