import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes, npzBytes } from "../src/engine/data/testing/files.ts";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { buildModel, floatInput, noise, portInfo } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { octet } from "./testing/command.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const alongTokens = { attributes: [intAttribute("keepdims", 0)] };
const MODEL = put(
  folder,
  "lengths.onnx",
  modelBytes(
    buildModel({
      opset: 18,
      inputs: [
        portInfo({ name: "ids", type: "int64", dims: ["batch", "tokens"] }),
        floatInput("frames", ["batch", "time", 6]),
        floatInput("past", ["batch", "before", 8]),
      ],
      outputs: ["y"],
      nodes: [
        makeNode("Gather", ["e", "ids"], ["t"]),
        makeNode("MatMul", ["frames", "w"], ["a"], { name: "first" }),
        makeNode("Relu", ["a"], ["r"]),
        makeNode("MatMul", ["r", "w2"], ["b"], { name: "second" }),
        makeNode("Concat", ["past", "t", "b"], ["all"], { attributes: [intAttribute("axis", 1)] }),
        makeNode("ReduceMean", ["all", "one"], ["m"], alongTokens),
        makeNode("MatMul", ["m", "v"], ["y"], { name: "third" }),
      ],
      constants: {
        e: noise([30, 8], 1),
        w: noise([6, 16], 2),
        w2: noise([16, 8], 3),
        v: noise([8, 5], 4),
        one: { type: "int64", dims: [1], data: BigInt64Array.of(1n) },
      },
    }),
  ),
);
const wave = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(i + phase));
const filesOf = (name: string, phase: number) =>
  [3, 1, 7, 4, 2, 5].map((tokens, at) => {
    const ids = BigInt64Array.from({ length: tokens }, (_, i) => BigInt((7 * i + at) % 30));
    const bytes = npzBytes({
      ids: npyBytes("<i8", [1, tokens], ids),
      frames: npyBytes("<f8", [1, 8 - at, 6], Float64Array.from(wave((8 - at) * 6, at + phase))),
      past: npyBytes("<f4", [1, at % 3, 8], wave((at % 3) * 8, at)),
    });
    return put(folder, `${name}${at}.npz`, bytes);
  });
const DATA = filesOf("calibration", 0).flatMap((path) => ["--data", path]);
const UNSEEN = filesOf("unseen", 0.5).flatMap((path) => ["--data", path]);

describe("samples of different lengths, and of length 0", () => {
  it.each([
    ["quantize", []],
    ["quantize", ["--rounding", "learned", "--weights", "s4", "--iterations", "5"]],
    ["sensitivity", ["--samples", "6"]],
    ["tune", ["--min-sqnr", "10", "--budget", "60"]],
  ] as const)("are taken by octet %s %j", async (command, options) => {
    const out = command === "sensitivity" ? [] : ["--out", join(folder, "out")];
    const outcome = await octet(command, MODEL, ...DATA, ...options, ...out);
    expect([outcome.code, outcome.stderr.includes("Skipped")]).toEqual([0, false]);
  });

  it("are judged", async () => {
    const out = join(folder, "judged");
    await octet("quantize", MODEL, ...DATA, "--out", out);
    const judged = await octet("evaluate", MODEL, join(out, "lengths.int8.onnx"), ...UNSEEN, "--json");
    const { samples, outputs } = judged.json();
    expect(samples).toBe(6);
    expect(outputs[0].sqnr).toBeGreaterThan(20);
  });
});
