import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { buildModel, floatInput } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let float: string;
let quantized: string;
let data: string;

/** The classifier of colours, its features multiplied by a mask before the last layer. */
function masked() {
  const features = Float32Array.from([4, -1, -1, -1, 4, -1, -1, -1, 4]);
  const classes = Float32Array.from([1, 0.1, 0.2, 0.1, 1, 0.1, 0.2, 0.1, 1]);
  return buildModel({
    opset: 13,
    inputs: [floatInput("picture", [1, 3, 8, 8]), floatInput("mask", [1, 3])],
    outputs: [floatInput("scores", [1, 3])],
    nodes: [
      makeNode("Conv", ["picture", "weights"], ["maps"], { name: "classify" }),
      makeNode("GlobalAveragePool", ["maps"], ["means"], { name: "pool" }),
      makeNode("Flatten", ["means"], ["flat"], { name: "flatten", attributes: [intAttribute("axis", 1)] }),
      makeNode("Mul", ["flat", "mask"], ["seen"], { name: "masking" }),
      makeNode("Gemm", ["seen", "classes", "bias"], ["scores"], { name: "head" }),
    ],
    constants: {
      weights: { type: "float32", dims: [3, 3, 1, 1], data: features },
      classes: { type: "float32", dims: [3, 3], data: classes },
      bias: { type: "float32", dims: [3], data: Float32Array.from([0.5, 0.25, -0.5]) },
    },
  });
}

const quantize = async (mask: string, out: string) =>
  octet(
    "quantize",
    float,
    "--data",
    await putColours(folder, `of ${out}`, 12, 12),
    "--preprocess",
    "unit",
    "--input",
    `mask=${mask}`,
    "--out",
    join(folder, out),
  );

beforeAll(async () => {
  folder = scratch();
  float = put(folder, "masked.onnx", modelBytes(masked()));
  data = await putColours(folder, "photos", 12);
  const made = await quantize("1", "made");
  expect(made.code).toBe(0);
  quantized = join(folder, "made", "masked.int8.onnx");
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (command: string, files: readonly string[], mask: string, ...options: string[]) =>
  octet(command, ...files, "--data", data, "--preprocess", "unit", "--input", `mask=${mask}`, ...options);
const SAID =
  /The output scores is equal in all \d+ samples judged, .*held at a value that switches it off \(a mask of 0 does\)/;

describe("a model whose mask is held at 0", () => {
  it("passes nothing: evaluate says what it saw, prints no figure that means nothing and exits with 2", async () => {
    const judged = await run("evaluate", [float, quantized], "1", "--json");
    expect(judged.code).toBe(0);
    expect(judged.json()).toMatchObject({ top1: { float: 1 }, verdict: { passed: true }, outputs: [{ agreement: 1 }] });
    for (const options of [[], ["--max-drop", "1"], ["--labels", join(data, "labels.csv")]]) {
      const outcome = await run("evaluate", [float, quantized], "0", "--json", ...options);
      expect(outcome.code).toBe(2);
      expect(outcome.json()).toMatchObject({
        ...{ samples: 12, labelled: 12, top1: null, top5: null, verdict: null },
        outputs: [{ name: "scores", agreement: null, sqnr: null, cosine: null, kl: null }],
      });
      expect(outcome.json().notices[0]).toMatchObject({ kind: "warning", message: expect.stringMatching(SAID) });
      expect(outcome.stderr).toMatch(SAID);
      expect(outcome.stderr).toMatch(/\noctet: Top-1 was not judged: .*first warning/);
    }
    const { stdout } = await run("evaluate", [float, quantized], "0");
    expect(stdout).toMatch(/^12 samples, 12 of them labelled/);
    expect(stdout).not.toMatch(/agreement|SQNR|cosine|KL|top-1|passed/);
  });

  it("is not said to be equal in every sample of one", async () => {
    const bare = join(data, "3.png");
    const one = ["--data", bare, "--preprocess", "unit", "--input", "mask=0", "--json"];
    const alone = await octet("evaluate", float, quantized, ...one);
    expect(alone.code).toBe(0);
    expect(alone.stderr).not.toMatch(/equal in/);
  });

  it("is not searched, by drop or by SQNR", async () => {
    for (const limit of [
      ["--max-drop", "1"],
      ["--min-sqnr", "20"],
    ]) {
      const outcome = await run("tune", [float], "0", ...limit, "--out", join(folder, "tuned"));
      expect(outcome.code).toBe(2);
      expect(errorOf(outcome)).toMatch(SAID);
    }
  });

  it("has no sensitivity", async () => {
    const outcome = await run("sensitivity", [float], "0");
    expect(outcome.code).toBe(2);
    expect(errorOf(outcome)).toMatch(
      /^Sensitivity has nothing to go by\. The output scores is equal in all 12 samples/,
    );
  });
});

describe("a model without class scores", () => {
  it("keeps no limit of top-1 that cannot be measured", async () => {
    const maps = buildModel({
      opset: 13,
      inputs: [floatInput("picture", [1, 3, 8, 8])],
      outputs: [floatInput("maps", [1, 3, 8, 8])],
      nodes: [makeNode("Conv", ["picture", "weights"], ["maps"], { name: "classify" })],
      constants: {
        weights: { type: "float32", dims: [3, 3, 1, 1], data: Float32Array.from([4, -1, -1, -1, 4, -1, -1, -1, 4]) },
      },
    });
    const path = put(folder, "maps.onnx", modelBytes(maps));
    const options = ["--data", data, "--preprocess", "unit"];
    const made = await octet("quantize", path, ...options, "--samples", "6", "--out", join(folder, "maps"));
    expect(made.code).toBe(0);
    const file = join(folder, "maps", "maps.int8.onnx");
    const rest = [...options, "--skip", "6"];
    expect((await octet("evaluate", path, file, ...rest)).code).toBe(0);
    const held = await octet("evaluate", path, file, ...rest, "--max-drop", "1");
    expect(held.code).toBe(2);
    expect(held.stderr).toMatch(/octet: Top-1 was not judged: the model has no output of class scores/);
    const tuned = await octet("tune", path, ...options, "--max-drop", "1", "--out", join(folder, "tuned"));
    expect(errorOf(tuned)).toMatch(/no output of class scores, .*give a limit in dB/);
    const dropped = await octet("sensitivity", path, ...options, "--metric", "drop");
    expect(errorOf(dropped)).toMatch(/No drop of top-1 can be measured: the model has no output of class scores/);
  });
});
