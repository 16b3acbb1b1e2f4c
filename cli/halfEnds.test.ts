import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import { inputPorts, outputPorts } from "../src/engine/onnx/ports.ts";
import { noise } from "../src/engine/onnx/testing/build.ts";
import { put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";
import { productFile } from "./testing/product.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const MODEL = productFile(
  folder,
  makeNode("Softmax", ["l"], ["out"], { name: "softmax", attributes: [intAttribute("axis", 1)] }),
);
const rows = noise([6, 32], 6).data as Float32Array;
const DATA = put(folder, "rows.npy", npyBytes("<f4", [6, 32], rows));

function written(out: string, format = "float16") {
  const name = `net.${format}.onnx`;
  const { graph, ...model } = decodeModel(new Uint8Array(readFileSync(join(out, name))), name);
  const file = { graph, ...model } as Parameters<typeof inputPorts>[0];
  return {
    ends: [...inputPorts(file), ...outputPorts(file)].map(({ type }) => type),
    operators: graph!.node.map(({ opType }) => opType),
  };
}

describe("--ends float16", () => {
  it("writes and judges inputs and outputs in float16, which a saved recipe keeps and float32 takes back", async () => {
    const out = join(folder, "ends");
    const asked = ["--format", "float16", "--ends", "float16", "--data", DATA, "--samples", "3", "--out", out];
    expect((await octet("quantize", MODEL, ...asked)).code).toBe(0);
    expect(written(out)).toEqual({ ends: ["float16", "float16"], operators: ["MatMul", "Softmax"] });
    const file = join(out, "net.float16.onnx");
    const judged = await octet("evaluate", MODEL, file, "--data", DATA, "--skip", "3", "--json");
    expect(judged.code).toBe(0);
    expect(judged.stderr).not.toContain("no quantized layer");
    const { outputs } = judged.json();
    expect(outputs[0].sqnr).toBeGreaterThan(50);
    const recipe = join(out, "net.recipe.json");
    expect(JSON.parse(readFileSync(recipe, "utf8")).ends).toBe("float16");
    const back = join(folder, "back");
    await octet("quantize", MODEL, "--recipe", recipe, "--ends", "float32", "--out", back);
    expect(written(back).ends).toEqual(["float32", "float32"]);
    expect(JSON.parse(readFileSync(join(back, "net.recipe.json"), "utf8"))).not.toHaveProperty("ends");
  });

  it("says of samples that judge what is infinite in float16", async () => {
    const far = put(
      folder,
      "far.npy",
      npyBytes(
        "<f4",
        [6, 32],
        rows.map((value) => value * 100_000),
      ),
    );
    const out = join(folder, "far");
    await octet("quantize", MODEL, "--format", "float16", "--ends", "float16", "--out", out);
    const { stderr } = await octet("evaluate", MODEL, join(out, "net.float16.onnx"), "--data", far);
    expect(stderr).toMatch(/warning: The input x is float16 in the file, and \d+ values in 6 of 6 samples/);
  });

  it.each([
    [["--format", "weights"], "in float16 in the formats float16 and q4f16; choose one of these"],
    [["--format", "q4f16", "--target", "transformers.js"], "transformers.js feeds and reads float32"],
    [["--family", "transformers.js"], "leave --ends out"],
  ])("is refused with %j in a sentence", async (options, sentence) => {
    const out = join(folder, "refused");
    const outcome = await octet("quantize", MODEL, ...options, "--ends", "float16", "--out", out);
    expect(errorOf(outcome)).toContain(sentence);
  });
});

describe("--float-operator", () => {
  it("leaves every layer of an operator in float32, whatever the format", async () => {
    const out = join(folder, "left");
    const left = ["--float-operator", "Softmax", "--float-operator", "MatMul"];
    const ends = ["--ends", "float16", "--format", "float16"];
    const outcome = await octet("quantize", MODEL, ...ends, "--float-operator", "Softmax", "--out", out);
    expect(outcome.code).toBe(0);
    expect(written(out)).toEqual({ ends: ["float16", "float16"], operators: ["MatMul", "Cast", "Softmax", "Cast"] });
    const { float } = JSON.parse(readFileSync(join(out, "net.recipe.json"), "utf8"));
    expect(float.operators).toEqual(["Softmax"]);
    const nothing = await octet("quantize", MODEL, "--format", "weights", ...left, "--out", join(folder, "nothing"));
    expect(errorOf(nothing)).toContain("the recipe leaves what could be in float");
  });

  it.each(["Sofmax", "Conv"])("refuses %s, which the model has not, by name", async (operator) => {
    const asked = ["--format", "float16", "--float-operator", operator, "--out", join(folder, "none")];
    expect(errorOf(await octet("quantize", MODEL, ...asked))).toBe(
      `net.onnx has, once it is prepared, no ${operator} layer to leave in float; its operators are MatMul and Softmax.`,
    );
  });
});

it.each(["float16", "q4f16"])(
  "--layer NAME=f32 leaves one layer in float in %s, where other forms are refused",
  async (format) => {
    const out = join(folder, `layer-${format}`);
    const asked = ["--format", format, "--ends", "float16", "--out", out];
    expect((await octet("quantize", MODEL, ...asked, "--layer", "softmax=f32")).code).toBe(0);
    expect(written(out, format).operators.slice(1)).toEqual(["Cast", "Softmax", "Cast"]);
    expect(errorOf(await octet("quantize", MODEL, ...asked, "--layer", "product=f16"))).toContain("leave --layer out");
  },
);
