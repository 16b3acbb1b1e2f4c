import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { needsShared, SHARED } from "../src/engine/testing/shared.ts";
import { modelBytes, put } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = mkdtempSync(join(tmpdir(), "octet-partly-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CASE = join(SHARED, "cases/partly-quantized");
const model = join(CASE, "model.onnx");
const data = join(CASE, "calib.npy");
const written = (name: string) => join(folder, name, "model.int8.onnx");

const joined = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 4, 8, 8])],
  outputs: ["y"],
  nodes: [
    makeNode("Conv", ["x", "w1", "b1"], ["c"], { name: "c1" }),
    makeNode("Relu", ["c"], ["r"], { name: "r1" }),
    makeNode("Mul", ["r", "m"], ["s"], { name: "mul" }),
    makeNode("Add", ["s", "a"], ["t"], { name: "add" }),
    makeNode("Conv", ["t", "w2"], ["u"], { name: "c2" }),
    makeNode("Relu", ["u"], ["v"], { name: "r2" }),
    makeNode("Conv", ["v", "w3"], ["y"], { name: "c3" }),
  ],
  constants: {
    ...{ w1: noise([4, 4, 1, 1], 1), b1: noise([4], 9), w2: noise([4, 4, 1, 1], 2), w3: noise([4, 4, 1, 1], 7) },
    ...{ m: noise([1, 4, 1, 1], 3), a: noise([1, 4, 8, 8], 4) },
  },
});

describe("a model that is quantized in part", needsShared, () => {
  it("is quantized by choice with its integers kept or folded back, and a recipe remembers which", async () => {
    for (const [name, ...options] of [["kept"], ["folded", "--quantized", "fold"]] as const) {
      const made = await octet(
        ...["quantize", model, "--data", data, "--samples", "16", "--out", join(folder, name), "--json"],
        ...options,
      );
      expect(made.code).toBe(0);
      const { layers, recipe, notices } = JSON.parse(made.stdout);
      expect(layers).toEqual({ total: name === "kept" ? 10 : 5, quantized: 5, integer: 5, computedInFloat: [] });
      expect(recipe.inputs).toEqual({
        shapes: {},
        values: {},
        state: {},
        ...(name === "folded" && { quantized: "fold" }),
      });
      expect(notices.map(({ subject }: { subject: string }) => subject)).toContain("quantized in part");
    }
    const again = await octet(
      ...["quantize", model, "--recipe", join(folder, "folded/model.recipe.json")],
      ...["--cache", join(folder, "folded/model.calibration.json"), "--out", join(folder, "again")],
    );
    expect(again.code).toBe(0);
    expect(readFileSync(written("again"))).toEqual(readFileSync(written("folded")));
  });

  it("is what its quantized model is compared with, and the other way round is refused", async () => {
    const judged = await octet("evaluate", model, written("kept"), "--data", data, "--skip", "16", "--json");
    expect(judged.code).toBe(0);
    const { outputs, notices } = JSON.parse(judged.stdout);
    expect(outputs[0].sqnr).toBeGreaterThan(30);
    expect(notices[0].message).toMatch(/^"model\.onnx" has quantized layers itself \(QuantizeLinear\)/);
  });

  it.each([
    [
      "tensorrt",
      /TensorRT does not take 2 tensors .*: dequantizelinear_5 is uint8 with zero point 128, where int8 with zero point 0 is taken; relu_14 /,
    ],
    [
      "vitis-npu",
      /3 tensors .*: dequantizelinear_5 is of scales that are no powers of two; dequantizelinear_10 is a weight of a scale a channel, where one /,
    ],
    ["integer-only", /takes nothing in float, and 3 of model would be/],
  ] as const)(
    "is refused for %s where what is kept is not what that takes, and taken folded",
    async (target, sentence) => {
      const args = ["quantize", model, "--data", data, "--samples", "4", "--target", target] as const;
      const refused = await octet(...args, "--out", join(folder, target));
      expect([refused.code, errorOf(refused)]).toEqual([2, expect.stringMatching(sentence)]);
      expect(refused.stderr).toContain(
        "ave it folded back to float32 and quantized anew (octet quantize --quantized fold), or choose another target.",
      );
      const folded = await octet(...args, "--quantized", "fold", "--out", join(folder, `${target}-folded`));
      expect(folded.code).toBe(0);
    },
  );

  it.each(["openvino", "qnn", "ort-cpu"])("is taken for %s with its pairs of uint8", async (target) => {
    const args = ["--data", data, "--samples", "4", "--target", target, "--out", join(folder, target)];
    expect((await octet("quantize", model, ...args)).code).toBe(0);
  });

  it("is inspected either way", async () => {
    const kept = JSON.parse((await octet("inspect", model, "--json")).stdout);
    const reasons = kept.layers.map(({ id, reason }: { id: string; reason: string | null }) => [id, reason]);
    expect(reasons).toContainEqual(["Conv13", "the model has it in integers already, and it is kept so"]);
    const folded = JSON.parse((await octet("inspect", model, "--quantized", "fold", "--json")).stdout);
    expect(folded.preparation).toEqual([
      "1 quantized constant made float32 again",
      "2 quantizing pairs taken out (QuantizeLinear, DequantizeLinear)",
    ]);
  });

  it("without a layer left in float is refused, and says the way out, and is inspected as it is", async () => {
    const inspected = await octet("inspect", written("kept"));
    expect(inspected.code).toBe(0);
    expect(inspected.stdout).toMatch(/note: .* or fold its integers back to float32/);
    const refused = await octet("advise", written("kept"));
    expect(refused.code).toBe(2);
    expect(errorOf(refused)).toMatch(
      /is already quantized .* or fold its integers back to float32 \(octet quantize --quantized fold\)\.$/,
    );
    expect((await octet("inspect", written("kept"), "--quantized", "fold")).code).toBe(0);
  });
});

it.each(["openvino", "qnn", "tensorrt", "vitis-npu"])(
  "what was written for %s is quantized further for it, constants that are multiplied and added too",
  async (target) => {
    const given = put(folder, "joined.onnx", modelBytes(joined));
    const rows = put(
      folder,
      "joined.npy",
      npyBytes("<f4", [8, 1, 4, 8, 8], noise([8, 1, 4, 8, 8], 5).data as Float32Array),
    );
    const args = ["--data", rows, "--target", target, "--json", "--out"] as const;
    const first = await octet("quantize", given, "--layer", "c3=f32", ...args, join(folder, `${target}-first`));
    expect(first.code).toBe(0);
    const half = join(folder, `${target}-first`, first.json().files[0].name);
    expect((await octet("quantize", half, ...args, join(folder, `${target}-again`))).code).toBe(0);
  },
);
