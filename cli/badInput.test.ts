import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeRecipe } from "../src/engine/artifacts/recipe.ts";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { withFields } from "../src/engine/onnx/messages.ts";
import { buildModel, floatInput } from "../src/engine/onnx/testing/build.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;
let out: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 6);
  out = join(folder, "out");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function refusal(...args: string[]): Promise<string> {
  const outcome = await octet(...args);
  expect(outcome.code).toBe(2);
  return errorOf(outcome);
}

const quantize = (path: string, ...options: string[]) =>
  refusal("quantize", path, "--data", data, "--preprocess", "unit", "--out", out, ...options);

describe("a format", () => {
  it.each([
    ["weights", "u8", "--format weights leaves activations in float; leave --activations u8 out."],
    [
      "qoperator",
      "float",
      "--format qoperator quantizes activations; leave --activations float out, or use --format weights.",
    ],
    ["dynamic", "u8", "--format dynamic finds scales of activations as the model runs; leave --activations u8 out."],
    ["qdq", "float", "--format qdq quantizes activations; leave --activations float out, or use --format weights."],
    ["float16", "u8", "--format float16 makes no integers of weights or activations; leave --activations out."],
  ])("%s does not go with activations in %s", async (format, activations, sentence) => {
    expect(await quantize(model, "--format", format, "--activations", activations)).toBe(sentence);
  });
});

describe("a target", () => {
  it.each([
    ["ort-webgpu", "qdq"],
    ["tensorrt", "float8"],
    ["ort-web", "float8"],
  ])("%s refuses %s before samples are asked for", async (target, format) => {
    const asked = ["quantize", model, "--target", target, "--format", format, "--out", out];
    const alone = await refusal(...asked);
    expect(alone).not.toContain("--data");
    expect(await refusal(...asked, "--data", data)).toBe(alone);
  });
});

describe("a model that cannot be quantized", () => {
  it("is missing, a folder, or given not at all", async () => {
    const missing = join(folder, "no-such.onnx");
    expect(await quantize(missing)).toBe(`There is no file ${missing}.`);
    expect(await quantize(folder)).toBe(`${folder} is a folder; name a file in it.`);
    expect(await refusal("quantize", "--data", data)).toMatch(/^This command takes MODEL; 0 names were given/);
    expect(await refusal("inspect", model, model)).toMatch(/^This command takes MODEL; 2 names were given/);
  });

  it("is cut short, at any length", async () => {
    const bytes = modelBytes(colourModel());
    for (const share of [0.05, 0.3, 0.6, 0.9, 0.99]) {
      const cut = put(folder, "cut.onnx", bytes.subarray(0, bytes.length * share));
      expect(await quantize(cut)).toMatch(/^"cut\.onnx" .*cut short/);
    }
  });

  it("is text, empty, or another kind of file", async () => {
    expect(await quantize(put(folder, "notes.onnx", "weights and so on\n"))).toMatch(/"notes\.onnx" is a text file/);
    expect(await quantize(put(folder, "empty.onnx", ""))).toMatch(/"empty\.onnx" is empty/);
    expect(await quantize(join(data, "0.png"))).toMatch(/"0\.png".*not an ONNX model|"0\.png".*holds no ONNX graph/);
  });

  it("is quantized already", async () => {
    const { code } = await octet("quantize", model, "--data", data, "--preprocess", "unit", "--out", out);
    expect(code).toBe(0);
    expect(await quantize(join(out, "colours.int8.onnx"))).toMatch(/"colours\.int8\.onnx" is already quantized/);
    rmSync(out, { recursive: true });
  });

  it("has operators that ONNX Runtime does not have", async () => {
    const strange = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 4])],
      outputs: ["y"],
      nodes: [makeNode("Decode", ["x"], ["y"], { domain: "com.example" })],
    });
    expect(await quantize(put(folder, "strange.onnx", modelBytes(strange)))).toMatch(
      /"strange\.onnx" uses the operator com\.example\.Decode/,
    );
  });

  it("does not load in ONNX Runtime", async () => {
    const wrong = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 4])],
      outputs: ["y"],
      nodes: [makeNode("Softmax", ["x"], ["y"], { attributes: [intAttribute("axis", 7)] })],
    });
    expect(await quantize(put(folder, "wrong.onnx", modelBytes(wrong)))).toMatch(
      /^"wrong\.onnx" does not load in ONNX Runtime: /,
    );
  });

  it("has several inputs that no option settles, which inspect does not mind", async () => {
    const two = put(folder, "two.onnx", modelBytes(twoInputs()));
    const { code: inspected, stdout } = await octet("inspect", two, "--json");
    expect([inspected, JSON.parse(stdout).inputs.length]).toEqual([0, 2]);
    expect(await quantize(two)).toMatch(/does not say what each of the inputs picture, bias gets; give it by name/);
    expect(await quantize(two, "--input", "bais=1")).toMatch(/no input named bais; its inputs are picture, bias/);
    expect(await quantize(two, "--input", "bias=1", "--input", "picture=1")).toMatch(/Every input .* no data/);
    const { code } = await octet(
      "quantize",
      two,
      "--data",
      data,
      "--preprocess",
      "unit",
      "--input",
      "bias=1",
      "--out",
      out,
    );
    expect(code).toBe(0);
    rmSync(out, { recursive: true });
  });
});

function twoInputs() {
  const base = colourModel();
  const graph = base.graph!;
  return withFields(base, {
    graph: withFields(graph, {
      input: [...graph.input, floatInput("bias", [1, 3])],
      output: [{ ...graph.output[0]!, name: "sum" }],
      node: [...graph.node, makeNode("Add", ["scores", "bias"], ["sum"], { name: "add" })],
    }),
  });
}

describe("data that cannot be used", () => {
  const on = (path: string, ...options: string[]) =>
    refusal("quantize", model, "--data", path, "--out", out, ...options);

  it("is missing, an empty folder, or a folder without data", async () => {
    expect(await on(join(folder, "nowhere"))).toBe(`There is no file ${join(folder, "nowhere")}.`);
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expect(await on(empty)).toMatch(`The folder ${empty} is empty`);
    put(empty, "notes.md", "no data");
    put(empty, "more.md", "no data");
    expect(await on(empty)).toMatch(/The folder empty holds no images, \.npy, \.npz, \.jsonl or IDX files/);
  });

  it("does not fit the input", async () => {
    const tensors = put(folder, "wide.npy", npyBytes("<f4", [2, 3, 9, 9], new Float32Array(2 * 3 * 81)));
    expect(await on(tensors)).toMatch(/wide\.npy holds float32 of shape .*9.*does not fit input "picture"/);
    const large = put(folder, "large.onnx", modelBytes(colourModel({ side: 224 })));
    const small = put(
      folder,
      "small.json",
      JSON.stringify({ resize: null, crop: 4, layout: "NCHW", color: "RGB", scale: 1, mean: [0], std: [1] }),
    );
    expect(await refusal("quantize", large, "--data", data, "--preprocess", small)).toMatch(/4.*"picture" takes .*224/);
  });

  it("is all corrupt; one corrupt image among good ones is skipped, counted and named", async () => {
    const corrupt = join(folder, "corrupt");
    mkdirSync(corrupt);
    put(corrupt, "a.png", "no picture");
    put(corrupt, "b.jpg", "no picture");
    expect(await on(corrupt, "--preprocess", "unit", "--order", "path")).toMatch(
      /Not one of 2 samples could be read; .*a\.png/,
    );

    const mixed = await putColours(folder, "mixed", 4);
    put(mixed, "2.png", "no picture");
    const outcome = await octet("quantize", model, "--data", mixed, "--preprocess", "unit", "--out", out, "--json");
    expect(outcome.code).toBe(0);
    expect(outcome.json().calibration).toMatchObject({ samples: 3, skipped: 1 });
    expect(outcome.json().notices).toContainEqual(
      expect.objectContaining({
        kind: "warning",
        subject: "mixed/2.png",
        message: expect.stringMatching(/^Skipped: /),
      }),
    );
    expect(outcome.stderr).toMatch(/warning: .*mixed\/2\.png/);
    const unseen = await putColours(folder, "unseen", 4, 10);
    put(unseen, "12.png", "no picture");
    const judged = await octet(
      "evaluate",
      model,
      join(out, "colours.int8.onnx"),
      "--data",
      unseen,
      "--preprocess",
      "unit",
      "--json",
    );
    expect(judged.json()).toMatchObject({ samples: 3, labelled: 3 });
    expect(judged.json().notices).toContainEqual(expect.objectContaining({ subject: "unseen/12.png" }));
    rmSync(out, { recursive: true });
  });
});

describe("data that cannot be right", () => {
  const SIZE = 3 * 8 * 8;
  const arrays = (name: string, data: Float32Array) =>
    put(folder, name, npyBytes("<f4", [data.length / SIZE, 3, 8, 8], data));
  const noisy = () => Float32Array.from({ length: 4 * SIZE }, (_, i) => Math.sin(i));

  it("is refused where no sample is left", async () => {
    const nothing = arrays("nothing.npy", new Float32Array(2 * SIZE).fill(Number.NaN));
    expect(await refusal("quantize", model, "--data", nothing, "--order", "path", "--out", out)).toBe(
      "Not one of 2 samples could be read; the first: nothing.npy[0] holds 192 NaN of 192 values; give it finite ones.",
    );
  });

  it("is warned of: samples left out are counted, and one beyond all others is named", async () => {
    const data = noisy();
    data[SIZE] = Infinity;
    data[3 * SIZE] = -1e30;
    const outcome = await octet("quantize", model, "--data", arrays("odd.npy", data), "--out", out, "--json");
    expect(outcome.code).toBe(0);
    expect(outcome.json().calibration).toMatchObject({ samples: 3, skipped: 1 });
    expect(outcome.stderr).toMatch(/warning: .*odd\.npy\[1\] holds 1 infinite value of 192 values/);
    expect(outcome.stderr).toMatch(
      /warning: .*odd\.npy\[3\] reaches 1\.00e30 in picture, where the other 2 samples reach 1\.00 at most/,
    );
    rmSync(out, { recursive: true });
  });

  it("is warned of: the same sample over and over", async () => {
    const data = noisy();
    for (const i of [1, 2, 3]) data.copyWithin(i * SIZE, 0, SIZE);
    const outcome = await octet("quantize", model, "--data", arrays("same.npy", data), "--out", out);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/warning: .*All 4 samples seem to be the same/);
    rmSync(out, { recursive: true });
  });
});

describe("documents that are not what they are given as", () => {
  it("refuses recipes and caches that are none, cut off, or another model's", async () => {
    const text = put(folder, "text.json", "not JSON");
    const other = put(folder, "other.json", '{"a": 1}');
    expect(await quantize(model, "--recipe", text)).toMatch(/text\.json is not complete JSON/);
    const raw = put(folder, "raw.json", '{\n"resize": nul\u001b[31m\n');
    expect(await quantize(model, "--preprocess", raw)).toMatch(/raw\.json is not JSON \([^\p{Cc}]*\)\.$/u);
    expect(await quantize(model, "--recipe", other)).toMatch(/other\.json is JSON but neither/);
    expect(await quantize(model, "--cache", other)).toMatch(/other\.json is JSON but neither/);
    expect(await quantize(model, "--cache", join(folder, "gone.json"))).toMatch(/There is no file .*gone\.json/);

    const strangers = join(folder, "strangers");
    const stranger = put(folder, "stranger.onnx", modelBytes(colourModel({ classes: [2, 1, 0] })));
    await octet("quantize", stranger, "--data", data, "--preprocess", "unit", "--out", strangers);
    const recipe = join(strangers, "stranger.recipe.json");
    const cache = join(strangers, "stranger.calibration.json");
    expect(await quantize(model, "--recipe", recipe)).toMatch(
      /recipe was made for stranger, another model than colours/,
    );
    expect(await quantize(model, "--cache", cache)).toMatch(/calibration was made with stranger, another model/);
    expect(await quantize(model, "--cache", recipe)).toMatch(/is an Octet recipe, not a calibration/);
    const half = put(folder, "half.calibration.json", readFileSync(cache).subarray(0, 400));
    expect(await quantize(model, "--cache", half)).toMatch(/half\.calibration\.json is not complete JSON/);
  });
});

describe("options that make no sense", () => {
  it.each([
    [["--methud", "mse"], /^This command has no option --methud; did you mean --method\?$/],
    [["--method", "best"], /--method takes one of minmax, .*; not "best"/],
    [["--activations", "u4"], /--activations takes one of u8, s8, u16, s16, float; not "u4"/],
    [["--weights", "u3"], /--weights takes one of s8, u8, s4, u4, s2, u2, nf4, codebook16, codebook256; not "u3"/],
    [
      ["--format", "float8", "--weights", "s4"],
      /The format float8 has weights and activations in float8; take int4 back/,
    ],
    [["--weights", "s2"], /Weights in int2 are for weights alone/],
    [["--weights", "u4"], /Weights in uint4 are for weights alone; choose int8 or int4/],
    [["--format", "weights", "--weights", "nf4"], /Weights in nf4 are in blocks; choose a block of 16/],
    [["--format", "float16", "--algorithm", "gptq"], /Codes are found on samples for the formats weights and q4f16/],
    [["--block", "24"], /--block takes one of 16, 32, 64, 128, 256; not "24"/],
    [["--block", "32"], /Blocks of weights, .* are for weights alone/],
    [["--format", "weights", "--operator", "matmulnbits"], /MatMulNBits takes weights in blocks; choose a block/],
    [["--format", "weights", "--algorithm", "hqq"], /The algorithm hqq finds scales of blocks; choose a block/],
    [["--format", "weights", "--block", "16", "--per-tensor"], /Blocks of weights have more scales than one a tensor/],
    [["--rounding", "up"], /--rounding takes one of nearest, learned, stochastic, finetuned; not "up"/],
    [["--seed", "3"], /The seed is that of stochastic rounding/],
    [["--rounding", "stochastic", "--seed", "4294967296"], /--seed takes a whole number of at most 4294967295/],
    [["--preprocess", "imagnet"], /--preprocess takes imagenet, .* not "imagnet"/],
    [["--preprocess", "none.json"], /There is no file none\.json/],
    [["--samples", "0"], /--samples takes a whole number of at least 1, not "0"/],
    [["--samples", "1.5"], /whole number/],
    [["--samples", "many"], /whole number/],
    [["--samples"], /--samples needs a value/],
    [["--json=yes"], /--json takes no value/],
    [["--out", ""], /--out has no value/],
    [["--shape", "picture"], /--shape takes name=value, for example data=1x3x224x224; not "picture"/],
    [["--shape", "picture=1x3xBIG"], /--shape takes name=value/],
    [["--shape", "picture=1x3x-1x8"], /--shape takes name=value/],
    [["--shape", "picture=1x3x9x9"], /The shape 1 × 3 × 9 × 9 does not fit the input picture/],
    [["--shape", "image=1x3x8x8"], /no input named image; its inputs are picture/],
    [["--input", "picture=loud"], /--input takes name=value/],
  ])("%j", async (options, message) => {
    expect(await quantize(model, ...options)).toMatch(message);
  });

  it("names the commands there are, and what a command lacks", async () => {
    expect(await refusal("quantise", model)).toBe("There is no command quantise; did you mean quantize?");
    expect(await refusal("compress", model)).toBe(
      "There is no command compress; the commands are inspect, advise, quantize, evaluate, sensitivity, tune, calibrate, merge, drift, gate, keygen, verify, decrypt, diff.",
    );
    expect(await refusal("quantize", model)).toMatch(/needs --data PATH, or --cache FILE/);
    expect(await refusal("evaluate", model, model)).toMatch(/needs --data PATH/);
    expect(await quantize(model, "--out", model)).toMatch(/colours\.onnx is a file/);
  });

  it("writes nothing when it refuses", () => {
    expect(readdirSync(folder)).not.toContain("out");
  });
});

describe("a folder for the results", () => {
  it("that cannot be made is refused", async () => {
    const file = put(folder, "taken", new Uint8Array(1));
    const below = join(file, "deeper");
    const args = ["quantize", model, "--data", data, "--preprocess", "unit", "--out"];
    expect(await refusal(...args, below)).toBe(`${file} is a file, so results cannot be written into it.`);
  });

  it("that is the default is looked at before the model is opened", async () => {
    const from = process.cwd();
    const elsewhere = scratch();
    put(elsewhere, "broken.octet", "a file");
    const broken = put(elsewhere, "broken.onnx", "no model");
    process.chdir(elsewhere);
    try {
      expect(await refusal("quantize", broken, "--data", data)).toMatch(/broken\.octet is a file, so results cannot/);
    } finally {
      process.chdir(from);
      rmSync(elsewhere, { recursive: true });
    }
  });
});

describe("a recipe", () => {
  it("with a range for a tensor that has none of its own is used with a warning", async () => {
    const first = await octet("quantize", model, "--data", data, "--preprocess", "unit", "--out", out, "--json");
    const recipe = { ...first.json().recipe, ranges: { nosuch: { low: 0, high: 1 } }, resolved: null };
    const path = put(folder, "odd.recipe.json", new TextEncoder().encode(writeRecipe(recipe)));
    const again = await octet("quantize", model, "--data", data, "--recipe", path, "--out", out, "--json");
    expect(again.json().notices).toContainEqual(expect.objectContaining({ kind: "warning", subject: "nosuch" }));
  });
});
