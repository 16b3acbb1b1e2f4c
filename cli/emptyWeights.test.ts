import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import type { ModelProto } from "../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let data: string;

const values = new Float32Array(0);

const withEmpty = buildModel({
  opset: 17,
  inputs: [floatInput("x", [4, 64])],
  outputs: ["y", "none"],
  nodes: [
    makeNode("MatMul", ["x", "w"], ["y"], { name: "whole" }),
    makeNode("MatMul", ["x", "e"], ["none"], { name: "empty" }),
  ],
  constants: { w: noise([64, 48]), e: { type: "float32", dims: [64, 0], data: values } },
});

const narrow = buildModel({
  opset: 17,
  inputs: [floatInput("x", [4, 64])],
  outputs: ["y"],
  nodes: [makeNode("MatMul", ["x", "w"], ["y"], { name: "narrow" })],
  constants: { w: noise([64, 31]) },
});

const write = (name: string, model: ModelProto) => put(folder, name, modelBytes(model));

beforeAll(() => {
  folder = scratch();
  data = put(folder, "rows.npy", npyBytes("<f4", [8, 4, 64], new Uint8Array(noise([8, 4, 64], 5).data.buffer)));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["--format", "qdq"],
  ["--format", "dynamic"],
  ["--format", "q4f16"],
  ["--format", "weights", "--rounding", "learned", "--iterations", "5"],
  ["--format", "weights", "--weights", "u4", "--block", "32", "--operator", "matmulnbits", "--algorithm", "gptq"],
  ["--format", "weights", "--weights", "codebook16"],
  ["--format", "weights", "--weights", "s8", "--block", "16", "--algorithm", "awq"],
])("%s %s %s: a weight without values stays in float, and says so", async (...options) => {
  const out = join(folder, options.join(""));
  const outcome = await octet(
    "quantize",
    write("empty.onnx", withEmpty),
    "--data",
    data,
    "--out",
    out,
    "--json",
    ...options,
  );
  expect([outcome.code, outcome.stderr]).toEqual([0, expect.anything()]);
  const { layers } = JSON.parse(readFileSync(join(out, "empty.report.json"), "utf8")).model;
  expect(layers.map(({ id, reason }: { id: string; reason: string | null }) => [id, reason])).toEqual([
    ["whole", null],
    ["empty", options.includes("q4f16") ? null : "its weight has no values"],
  ]);
});

it("where no layer has a form, what keeps each from it is said", async () => {
  const type = ["--format", "weights", "--weights", "s2", "--block", "16"];
  const outcome = await octet("quantize", write("narrow.onnx", narrow), ...type, "--out", join(folder, "none"));
  expect(errorOf(outcome)).toBe(
    "Nothing in narrow would be quantized: no layer has an integer form here: ONNX Runtime makes noise of a product by 2-bit weights in 31 columns, as a row of them ends within a byte; MatMulNBits takes it.",
  );
});
