import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { TARGET_NAMES } from "../src/engine/model/target.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import { inputPorts, outputPorts } from "../src/engine/onnx/ports.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const sample = (name: string) => fileURLToPath(new URL(`../public/sample/${name}`, import.meta.url));
const MODEL = sample("fashion-mnist-dw.onnx");
const GIVEN = ["--data", sample("calibration-images-idx3-ubyte.gz"), "--preprocess", "unit", "--samples", "4"];

let folder: string;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("--target", () => {
  it.each(["tensorrt", "vitis-npu", "qnn", "ort-webgpu"])(
    "%s is in the recipe, and its rules in the report",
    async (target) => {
      const outcome = await octet(
        "quantize",
        MODEL,
        ...GIVEN,
        "--target",
        target,
        "--out",
        join(folder, target),
        "--json",
      );
      expect(outcome.code).toBe(0);
      const { recipe, notices } = outcome.json();
      expect(recipe.target).toBe(target);
      const said = notices.filter(({ subject }: { subject: string }) => subject === target);
      expect(said.length).toBeGreaterThan(1);
      expect(said[0].message).toMatch(/\(https:\/\/\S+\)$/);
    },
  );

  it("writes the shapes that are given for a target that takes no open ones, and says where none is given", async () => {
    const nodes = [makeNode("MatMul", ["x", "w"], ["y"])];
    const constants = { w: noise([16, 8]) };
    const open = buildModel({ opset: 13, inputs: [floatInput("x", ["batch", 16])], outputs: ["y"], nodes, constants });
    const model = put(folder, "open.onnx", modelBytes(open));
    const data = put(folder, "open.npy", npyBytes("<f4", [8, 16], noise([8, 16], 3).data as Float32Array));
    const forQnn = (...more: string[]) =>
      octet("quantize", model, "--data", data, "--target", "qnn", "--out", join(folder, "open"), "--json", ...more);
    const silent = (await forQnn()).json().notices.filter(({ subject }: { subject: string }) => subject === "x");
    expect(silent[0].message).toMatch(/takes no input whose dimensions are not fixed; give x its dimensions/);
    const given = (await forQnn("--shape", "x=1x16")).json().notices;
    expect(given.filter(({ subject }: { subject: string }) => subject === "x")).toEqual([]);
    const written = join(folder, "open/open.int8.onnx");
    expect(inputPorts(decodeModel(new Uint8Array(readFileSync(written)), written))[0]!.dims).toEqual([1, 16]);
  });

  it("writes int8 ends for integer-only devices, says how to round them, and evaluates such a file", async () => {
    const out = join(folder, "whole");
    const outcome = await octet("quantize", MODEL, ...GIVEN, "--target", "integer-only", "--out", out, "--json");
    expect(outcome.code).toBe(0);
    const messages = outcome.json().notices.map(({ message }: { message: string }) => message);
    expect(messages).toContainEqual(
      expect.stringMatching(
        /^The input \S+ of "fashion-mnist-dw.int8.onnx" is int8: it takes round\(x \/ 0\.\d+\) \+ -128/,
      ),
    );
    const file = join(out, "fashion-mnist-dw.int8.onnx");
    const written = decodeModel(new Uint8Array(readFileSync(file)), file);
    expect([...inputPorts(written), ...outputPorts(written)].map(({ type }) => type)).toEqual(["int8", "int8"]);
    const judged = await octet("evaluate", MODEL, file, ...GIVEN, "--order", "path", "--skip", "8", "--json");
    expect(judged.code).toBe(0);
    expect(judged.json().outputs[0].sqnr).toBeGreaterThan(15);
  });

  it.each([
    [
      ["--target", "tensorrt", "--activations", "u8"],
      "TensorRT takes no activations in asymmetric uint8; choose symmetric int8.",
    ],
    [
      ["--target", "ort-webgpu", "--format", "qdq"],
      "ONNX Runtime Web on WebGPU takes no format qdq; choose weights or float16 or q4f16.",
    ],
    [
      ["--target", "qnn", "--goal", "speed"],
      "--goal speed times models on this machine, and QNN runs elsewhere; leave it out, or choose another target.",
    ],
    [["--target", "board"], `--target takes one of ${TARGET_NAMES.join(", ")}; not "board".`],
  ])("refuses what %j asks for", async (options, sentence) => {
    const outcome = await octet("quantize", MODEL, ...GIVEN, ...options, "--out", join(folder, "none"));
    expect(outcome.code).toBe(2);
    expect(errorOf(outcome)).toBe(sentence);
  });
});

describe("inspect --targets", () => {
  it("says of every target and layer what becomes of it, and why", async () => {
    const { targets, layers } = (await octet("inspect", MODEL, "--targets", "--json")).json();
    expect(targets.map(({ target }: { target: string }) => target)).toEqual([...TARGET_NAMES]);
    for (const fit of targets) {
      expect(fit.layers).toHaveLength(layers.length);
      for (const { fate, why } of fit.layers) expect(fate === "integer").toBe(why === null);
    }
    const fates = (name: string) =>
      new Set(
        targets
          .find(({ target }: { target: string }) => target === name)
          .layers.map(({ fate }: { fate: string }) => fate),
      );
    expect(fates("ort-webgpu")).toEqual(new Set(["float"]));
    expect(fates("integer-only")).toEqual(new Set(["integer"]));
    const text = (await octet("inspect", MODEL, "--targets")).stdout;
    expect(text).toMatch(/^ {2}ort-cpu +integer +Conv/m);
    expect((await octet("inspect", MODEL)).stdout).not.toContain("ort-cpu");
  });
});
