import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import { buildModel, floatInput, noise, portInfo } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const WIDTH = 64;
const SUFFIXES = ["", "_bnb4", "_fp16", "_int8", "_q4", "_q4f16", "_quantized", "_uint8"];
const CONFIG = { model_type: "bert", hidden_size: WIDTH, "transformers.js_config": { device: "wasm", dtype: "q4" } };

let folder: string;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One product; `outlier` is the weight of the last input of each output. */
function product(input = "x", outlier = 0.1): Uint8Array {
  const weights: Tensor = noise([WIDTH, WIDTH], 3);
  (weights.data as Float32Array).fill(outlier, WIDTH * (WIDTH - 1));
  return modelBytes(
    buildModel({
      opset: 17,
      inputs: [floatInput(input, ["rows", WIDTH])],
      outputs: [floatInput("y", ["rows", WIDTH])],
      nodes: [makeNode("MatMul", [input, "w"], ["y"], { name: "product" })],
      constants: { w: weights },
    }),
  );
}

/** Rows whose last value is 0. */
function rows(count: number): Uint8Array {
  const { data } = noise([count, WIDTH], 5);
  return npyBytes(
    "<f4",
    [count, WIDTH],
    Float32Array.from(data as Float32Array, (value, at) => (at % WIDTH === WIDTH - 1 ? 0 : value)),
  );
}

/** A folder as a hub has it. */
function hub(
  name: string,
  models: Readonly<Record<string, Uint8Array>>,
  config: string | null = JSON.stringify(CONFIG),
) {
  const root = join(folder, name);
  mkdirSync(join(root, "onnx"), { recursive: true });
  for (const [file, bytes] of Object.entries(models)) put(join(root, "onnx"), file, bytes);
  if (config !== null) put(root, "config.json", config);
  put(root, "tokenizer.json", "{}");
  put(root, "README.md", "not carried");
  return root;
}

const family = (path: string, ...options: string[]) =>
  octet("quantize", path, "--family", "transformers.js", ...options);
const named = (part: string) => SUFFIXES.map((suffix) => `${part}${suffix}.onnx`).sort();

describe("a family for transformers.js", () => {
  it("has every file that the library asks for, judged on samples that taught none, with the files beside the model", async () => {
    const root = hub("plain", { "model.onnx": product() });
    const data = put(folder, "rows.npy", rows(8));
    const out = join(folder, "plain.out");
    const outcome = await family(root, "--data", data, "--out", out, "--json");
    expect(outcome.code).toBe(0);
    expect(readdirSync(join(out, "onnx")).sort()).toEqual(named("model"));
    expect(readdirSync(out).sort()).toEqual(["config.json", "onnx", "tokenizer.json"]);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toEqual({
      ...CONFIG,
      "transformers.js_config": { device: "wasm", dtype: "q8", use_external_data_format: false },
    });
    const result = outcome.json();
    expect(result).toMatchObject({ family: "transformers.js", noise: [], judged: true });
    const sqnrs = new Map<string, number>(
      result.variants.map(({ dtype, sqnr }: { dtype: string; sqnr: number }) => [dtype, sqnr]),
    );
    expect([...sqnrs.keys()]).toEqual(["fp32", "fp16", "q8", "int8", "uint8", "q4", "q4f16", "bnb4"]);
    expect(sqnrs.get("fp32")).toBeNull();
    expect(sqnrs.get("fp16")).toBeGreaterThan(55);
    expect(sqnrs.get("q8")).toBeGreaterThan(30);
    expect(sqnrs.get("q4")).toBeGreaterThan(15);
    expect(sqnrs.get("q4f16")).toBeGreaterThan(15);
    expect(sqnrs.get("bnb4")).toBeGreaterThan(15);
    for (const { file, bytes, runs } of result.variants) {
      expect(bytes).toBe(readFileSync(join(out, file)).length);
      expect(runs).toMatchObject({ native: "ran once", wasm: "predicted", webgpu: "predicted" });
    }
    const onnx = (suffix: string) => readFileSync(join(out, "onnx", `model${suffix}.onnx`));
    const operators = (suffix: string) => decodeModel(onnx(suffix), "").graph!.node.map(({ opType }) => opType);
    expect(onnx("")).toEqual(Buffer.from(product()));
    expect(operators("_quantized")).toContain("MatMulInteger");
    expect(onnx("_int8")).toEqual(onnx("_quantized"));
    expect(onnx("_uint8")).toEqual(onnx("_quantized"));
    expect(operators("_q4")).toContain("MatMulNBits");
    expect(operators("_q4f16")).toContain("MatMulNBits");
    expect(operators("_bnb4")).toContain("MatMulBnb4");
  });

  it("is warned of first where a file answers noise, and the config names one that does not", async () => {
    const root = hub("noisy", { "model.onnx": product("x", 5000) });
    const data = put(folder, "zeros.npy", rows(6));
    const out = join(folder, "noisy.out");
    const outcome = await family(root, "--data", data, "--out", out);
    expect(outcome.code).toBe(0);
    const noisy = ["_quantized", "_int8", "_uint8", "_q4", "_q4f16", "_bnb4"].map(
      (suffix) => `onnx/model${suffix}.onnx`,
    );
    const lines = outcome.stdout.split("\n");
    for (const [at, file] of noisy.entries()) {
      expect(lines[at]).toMatch(new RegExp(`^WARNING: ${file} is noise: y has an SQNR of .* dB, below 10`));
      expect(outcome.stderr).toContain(`warning: ${file} is noise`);
    }
    expect(lines[noisy.length]).toMatch(/^file +dtype/);
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(config["transformers.js_config"].dtype).toBe("fp16");
  });

  it("says that fidelity was not judged where there is no data", async () => {
    const model = put(folder, "alone.onnx", product());
    const out = join(folder, "alone.out");
    const outcome = await family(model, "--out", out, "--json");
    expect(outcome.code).toBe(0);
    expect(readdirSync(join(out, "onnx")).sort()).toEqual(named("model"));
    const { judged, variants, notices } = outcome.json();
    expect(judged).toBe(false);
    expect(
      variants.every(
        ({ sqnr, noise: why }: { sqnr: number | null; noise: string | null }) => sqnr === null && why === null,
      ),
    ).toBe(true);
    const messages = notices.map(({ message }: { message: string }) => message).join("\n");
    expect(messages).toContain("Fidelity was not judged, since there is no data");
    expect(messages).toContain("There is no config.json");
  });

  it("keeps the names of parts, gives each the data in a folder of its name, and leaves variants out", async () => {
    const parts = {
      "encoder_model.onnx": product("a"),
      "decoder_model_merged.onnx": product("b"),
      "encoder_model_q4.onnx": product(),
    };
    const root = hub("parts", parts);
    const data = join(folder, "parts.data");
    for (const part of ["encoder_model", "decoder_model_merged"]) {
      mkdirSync(join(data, part), { recursive: true });
      put(join(data, part), "rows.npy", rows(part === "encoder_model" ? 4 : 6));
    }
    const out = join(folder, "parts.out");
    const outcome = await family(root, "--data", data, "--out", out, "--json");
    expect(outcome.code).toBe(0);
    expect(readdirSync(join(out, "onnx")).sort()).toEqual(
      [...named("decoder_model_merged"), ...named("encoder_model")].sort(),
    );
    expect(outcome.json().judged).toBe(true);
    expect(outcome.json().notices).toContainEqual(
      expect.objectContaining({ subject: "encoder_model_q4.onnx", kind: "info" }),
    );
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(config["transformers.js_config"].dtype).toEqual({ encoder_model: "q8", decoder_model_merged: "q8" });
  });

  it("makes parts that data does not fit all the same, and names them", async () => {
    const root = hub("half", { "encoder_model.onnx": product("a"), "embed_tokens.onnx": product("b") });
    const data = join(folder, "half.data");
    mkdirSync(join(data, "encoder_model"), { recursive: true });
    put(join(data, "encoder_model"), "rows.npy", rows(4));
    const outcome = await family(root, "--data", data, "--out", join(folder, "half.out"), "--json");
    expect(outcome.code).toBe(0);
    expect(outcome.json().judged).toBe(false);
    expect(outcome.stderr).toContain(
      'warning: embed_tokens was not judged: no data is for it; put some into a folder "embed_tokens".',
    );
  });
});

describe("a part that multiplies nothing", () => {
  it("has its table in 8 bits where others are dynamic, which is said, and lacks what reads products alone", async () => {
    const table = buildModel({
      opset: 17,
      inputs: [portInfo({ name: "input_ids", type: "int64", dims: ["batch", "tokens"] })],
      outputs: [floatInput("inputs_embeds", ["batch", "tokens", WIDTH])],
      nodes: [makeNode("Gather", ["table", "input_ids"], ["inputs_embeds"], { name: "look_up" })],
      constants: { table: noise([96, WIDTH], 2) },
    });
    const root = hub("table", { "embed_tokens.onnx": modelBytes(table), "decoder_model_merged.onnx": product() });
    const out = join(folder, "table.out");
    const outcome = await family(root, "--out", out, "--json");
    expect(outcome.code).toBe(0);
    const variants: { part: string; dtype: string; file: string | null; says: string | null }[] =
      outcome.json().variants;
    const of = (dtype: string) => variants.find((each) => each.part === "embed_tokens" && each.dtype === dtype)!;
    expect(of("q8").says).toMatch(
      /^Weights alone are in 8 bits, in blocks of 32: Nothing in embed_tokens would be quantized/,
    );
    const { graph } = decodeModel(readFileSync(join(out, "onnx", "embed_tokens_quantized.onnx")), "");
    expect(graph!.node.map(({ opType }) => opType)).toEqual(["GatherBlockQuantized"]);
    expect(of("bnb4")).toMatchObject({
      file: null,
      says: expect.stringContaining("Nothing in embed_tokens would be quantized"),
    });
    expect(outcome.stderr).toContain('warning: "embed_tokens_bnb4.onnx" was not made: Nothing in embed_tokens');
    expect(readdirSync(join(out, "onnx"))).not.toContain("embed_tokens_bnb4.onnx");
  });

  it("is refused where no variant at all can be made", async () => {
    const adding = buildModel({
      opset: 17,
      inputs: [portInfo({ name: "x", type: "int32", dims: [1, 4] })],
      outputs: [portInfo({ name: "y", type: "int32", dims: [1, 4] })],
      nodes: [makeNode("Add", ["x", "x"], ["y"], { name: "sum" })],
    });
    const model = put(folder, "adding.onnx", modelBytes(adding));
    const outcome = await family(model, "--out", join(folder, "adding.out"));
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(/octet: Nothing in adding would be/);
  });
});

describe("is refused in one sentence", () => {
  it.each([
    [["--format", "qdq"], "--format"],
    [["--weights", "s4", "--cache", "c.json"], "--weights, --cache"],
    [["--goal", "speed"], "--goal"],
    [["--target", "qnn", "--equalize"], "--target, --equalize"],
    [["--recipe", "r.json", "--iterations", "3"], "--recipe, --iterations"],
  ])("with %j beside it", async (options, names) => {
    const outcome = await family(join(folder, "none.onnx"), ...options);
    expect([outcome.code, errorOf(outcome)]).toEqual([
      2,
      `--family transformers.js settles the recipe of every file itself; leave ${names} out.`,
    ]);
  });

  it("for folders without float models", async () => {
    const empty = hub("empty", {});
    expect(errorOf(await family(empty))).toBe(
      `${empty} holds no .onnx file, nor does a folder "onnx" in it; name a model or its folder.`,
    );
    const variants = hub("variants", { "model_q4.onnx": product() });
    expect(errorOf(await family(variants))).toBe(
      `${variants} holds variants alone (model_q4.onnx); give the float models that they are of.`,
    );
    const missing = join(folder, "missing");
    expect(errorOf(await family(missing))).toBe(`There is no file ${missing}.`);
  });

  it("for a config that is no object, and for too few samples", async () => {
    const broken = hub("broken", { "model.onnx": product() }, "[1]");
    expect(errorOf(await family(broken))).toBe(
      `${join(broken, "config.json")} is no JSON object; mend it, or take it out of the folder.`,
    );
    const root = hub("one", { "model.onnx": product() });
    const data = put(folder, "one.npy", rows(1));
    const out = join(folder, "one.out");
    expect(errorOf(await family(root, "--data", data, "--out", out))).toMatch(
      /^A family learns on some samples and judges on others/,
    );
  });
});
