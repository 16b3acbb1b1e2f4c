import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import { withFields } from "../src/engine/onnx/messages.ts";
import { toModelFile } from "../src/engine/onnx/runtimeFile.ts";
import { needsShared, SHARED } from "../src/engine/testing/shared.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 9);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Quantizes into a new folder and gives the JSON of the result and the model's bytes. */
async function quantize(name: string, ...options: string[]) {
  const out = join(folder, name);
  const outcome = await octet("quantize", model, "--out", out, "--json", ...options);
  expect(outcome.stderr).not.toMatch(/^octet: /m);
  expect(outcome.code).toBe(0);
  const file = (suffix: string) => join(out, `colours.${suffix}`);
  return { out, result: outcome.json(), stderr: outcome.stderr, file, bytes: readFileSync(file("int8.onnx")) };
}

const fromData = (name: string, ...options: string[]) =>
  quantize(name, "--data", data, "--preprocess", "unit", ...options);

describe("weights alone", () => {
  const alone = ["--activations", "float", "--weights", "s4"];

  it("take no data where nothing is to be learned, and give a model named after their type", async () => {
    const out = join(folder, "alone");
    const options = ["--bias-correction", "none", "--out", out, "--json"];
    const outcome = await octet("quantize", model, ...alone, ...options);
    expect(outcome.code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(
      ["int4.onnx", "recipe.json", "report.html", "report.json"].map((name) => `colours.${name}`),
    );
    expect(outcome.json()).toMatchObject({
      layers: { total: 3, quantized: 1 },
      calibration: { samples: 0, skipped: 0, executors: [] },
      recipe: { weights: { type: "int4", granularity: "channel", rounding: "nearest" }, format: "weights" },
      parameters: {},
    });
    const [node] = decodeModel(readFileSync(join(out, "colours.int4.onnx")), "colours.int4.onnx").graph!.node;
    expect(node?.opType).toBe("DequantizeLinear");
    const again = await octet("quantize", model, "--recipe", join(out, "colours.recipe.json"), "--out", `${out}2`);
    expect(again.code).toBe(0);
    expect(readFileSync(join(`${out}2`, "colours.int4.onnx"))).toEqual(readFileSync(join(out, "colours.int4.onnx")));
  });

  it("are in blocks, of a type, by an operator and an algorithm, where the options say so", async () => {
    const out = join(folder, "blocks");
    const blocks = ["--block", "16", "--operator", "matmulnbits", "--algorithm", "nearest"];
    const options = ["--weights", "u4", "--layer", "classify=u4", ...blocks];
    const outcome = await octet("quantize", model, "--format", "weights", ...options, "--out", out, "--json");
    expect(outcome.code).toBe(0);
    const weights = { type: "uint4", block: 16, operator: "matmulnbits", algorithm: "nearest" };
    expect(outcome.json()).toMatchObject({ recipe: { format: "weights", weights } });
    const again = await octet("quantize", model, "--recipe", join(out, "colours.recipe.json"), "--out", `${out}2`);
    expect(again.code).toBe(0);
    expect(readFileSync(join(`${out}2`, "colours.uint4.onnx"))).toEqual(readFileSync(join(out, "colours.uint4.onnx")));
  });

  it("have biases corrected on data, and say so where there is none", async () => {
    const none = await octet("quantize", model, ...alone, "--out", join(folder, "uncorrected"));
    expect([none.code, none.stderr]).toEqual([
      0,
      expect.stringContaining("note: Biases were not corrected, since that"),
    ]);
    const { corrections } = JSON.parse(readFileSync(join(folder, "uncorrected", "colours.recipe.json"), "utf8"));
    expect(corrections.bias).toBe("none");
    const asked = await octet("quantize", model, ...alone, "--bias-correction", "empirical");
    expect(errorOf(asked)).toBe("quantize needs --data PATH for bias correction; give it, or --bias-correction none.");
    const learned = await octet("quantize", model, ...alone, "--rounding", "learned", "--out", join(folder, "none"));
    expect(errorOf(learned)).toBe("quantize needs --data PATH for learned rounding; give it, or --rounding nearest.");
    const eight = await octet("quantize", model, "--weights", "s4", "--out", join(folder, "none"));
    expect(errorOf(eight)).toMatch(/^quantize needs --data PATH, or --cache FILE/);
    const out = join(folder, "corrected alone");
    const made = await octet(
      "quantize",
      model,
      ...alone,
      "--data",
      data,
      "--preprocess",
      "unit",
      "--out",
      out,
      "--json",
    );
    expect(made.json().recipe).toMatchObject({ corrections: { bias: "empirical" }, biases: {} });
    expect(readdirSync(out)).toContain("colours.int4.onnx");
  });

  it("in int4 go with 8-bit activations as well", async () => {
    const out = join(folder, "both");
    const made = await octet(
      "quantize",
      model,
      "--weights",
      "s4",
      "--data",
      data,
      "--preprocess",
      "unit",
      "--out",
      out,
    );
    expect(made.code).toBe(0);
    expect(readdirSync(out)).toHaveLength(7);
    expect(readdirSync(out)).toContain("colours.int4.onnx");
  });
});

describe("the files", () => {
  it("are the seven of the job, named after the model, with one .onnx among them", async () => {
    const { out, result } = await fromData("files");
    const names = ["int8.onnx", "calibration.json", "trt.cache", "ort-ranges.json", "recipe.json", "report.json"];
    expect(readdirSync(out).sort()).toEqual([...names, "report.html"].map((name) => `colours.${name}`).sort());
    expect(result.files).toHaveLength(7);
    for (const { name, bytes } of result.files) expect(readFileSync(join(out, name)).length).toBe(bytes);
    expect(result.bytes.quantized).toBe(readFileSync(join(out, "colours.int8.onnx")).length);
  });

  it("replace those of an earlier run and leave other files alone", async () => {
    const out = join(folder, "again");
    mkdirSync(out);
    writeFileSync(join(out, "theirs.onnx"), "theirs");
    writeFileSync(join(out, "colours.int8.onnx"), "an earlier run");
    const { bytes } = await fromData("again");
    expect(readFileSync(join(out, "theirs.onnx"), "utf8")).toBe("theirs");
    expect(decodeModel(bytes, "colours.int8.onnx").graph?.node.length).toBeGreaterThan(3);
    expect(readdirSync(out).filter((name) => !name.startsWith("colours."))).toEqual(["theirs.onnx"]);
  });

  it("say what the calibration and its ranges were", async () => {
    const { file, result } = await fromData("said", "--samples", "5", "--method", "minmax");
    const report = JSON.parse(readFileSync(file("report.json"), "utf8"));
    const recipe = JSON.parse(readFileSync(file("recipe.json"), "utf8"));
    expect(report.calibration.observed).toEqual([0, 1, 2, 3, 4]);
    expect(recipe.preprocess).toMatchObject({ scale: 1 / 255, layout: "NCHW" });
    expect(recipe.method).toBe("minmax");
    const [low, high] = [recipe.resolved.picture.low, recipe.resolved.picture.high];
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
    expect(result.recipe.resolved).toEqual(recipe.resolved);
    expect(result.parameters.picture.scale).toBeCloseTo(high / 255, 8);
    const cache = readFileSync(file("trt.cache"), "utf8").split("\n");
    expect(cache.map((line) => line.split(": ")[0])).toEqual(
      expect.arrayContaining(["picture", "maps", "means", "scores"]),
    );
  });
});

describe("the same model", () => {
  it("comes out of the same command", async () => {
    expect((await fromData("first")).bytes).toEqual((await fromData("second")).bytes);
  });

  it.each([
    ["the default", []],
    ["per tensor", ["--per-tensor"]],
    ["signed activations", ["--activations", "s8", "--method", "percentile"]],
  ])("comes out of its recipe and cache: %s", async (name, options) => {
    const { bytes, file } = await fromData(`made ${name}`, ...options);
    const again = await quantize(
      `remade ${name}`,
      ...["--recipe", file("recipe.json"), "--cache", file("calibration.json")],
    );
    expect(again.bytes).toEqual(bytes);
    for (const kind of ["recipe.json", "calibration.json", "trt.cache", "ort-ranges.json"]) {
      expect(readFileSync(again.file(kind))).toEqual(readFileSync(file(kind)));
    }
  });

  it("comes out of its recipe and the same data, and of its cache alone with the same options", async () => {
    const options = ["--method", "entropy", "--bias-correction", "none", "--elementwise", "join"];
    const { bytes, file } = await fromData("base", ...options);
    expect((await quantize("by data", "--recipe", file("recipe.json"), "--data", data)).bytes).toEqual(bytes);
    expect((await quantize("by cache", "--cache", file("calibration.json"), ...options)).bytes).toEqual(bytes);
  });

  it("has its biases corrected on the data; out of the cache alone they are not, and a warning says so", async () => {
    const { bytes, file } = await fromData("corrected");
    const kept = await quantize("kept", "--recipe", file("recipe.json"), "--cache", file("calibration.json"));
    expect(kept.bytes).toEqual(bytes);
    const alone = await quantize("alone", "--cache", file("calibration.json"));
    expect(alone.result.recipe).toMatchObject({ corrections: { bias: "none" }, biases: null });
    expect(alone.result.notices).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/Biases were not corrected, since that takes samples/),
      }),
    );
  });

  it("says which layers without weights are in float, as decided on the data; out of the cache alone all are quantized", async () => {
    const { result, file } = await fromData("decided");
    const { float, joined, samples, sqnr } = result.elementwise;
    expect(result.recipe).toMatchObject({ elementwise: "auto", unjoined: float });
    expect([...float, ...joined].length).toBeGreaterThan(0);
    expect(samples).toBeGreaterThan(0);
    expect(sqnr.decided).toBeGreaterThanOrEqual(Math.max(sqnr.joined, sqnr.float) - 0.3);
    expect((await quantize("again", "--recipe", file("recipe.json"), "--data", data)).result.elementwise).toEqual(
      result.elementwise,
    );
    const kept = await quantize("as it is", "--recipe", file("recipe.json"), "--cache", file("calibration.json"));
    expect(kept.result).toMatchObject({ elementwise: null, recipe: { unjoined: float } });
    const alone = await quantize("alone", "--cache", file("calibration.json"));
    expect(alone.result.recipe).toMatchObject({ elementwise: "join", unjoined: null });
    expect(alone.result.notices.map(({ message }: { message: string }) => message)).toContainEqual(
      expect.stringMatching(/^Layers without weights are all quantized, since deciding which takes samples/),
    );
    const plain = await fromData("by hand", "--elementwise", "float");
    expect(plain.result.recipe).toMatchObject({ elementwise: "float", unjoined: null });
    expect(plain.result.layers.quantized).toBeLessThan(alone.result.layers.quantized);
  });

  it("is the fastest on this machine, where that is asked for, and comes out of its recipe without a clock", async () => {
    const { bytes, result, file, stderr } = await fromData("fast", "--goal", "speed");
    const { candidates, written, computedInFloat, runs, threads, runtime } = result.speed;
    expect(candidates.map(({ name }: { name: string }) => name)).toContain(written);
    expect([runs > 0, threads]).toEqual([true, 1]);
    expect(runtime).toMatch(/^onnxruntime/);
    expect(/Integers are not surely faster than float here/.test(stderr)).toBe(computedInFloat);
    if (computedInFloat) {
      expect(result.notices[0].message).toMatch(/^Integers are not surely faster than float here/);
      expect(result.layers.integer).toBe(0);
      expect(result.recipe.float.stored.length).toBeGreaterThan(0);
    }
    const again = await quantize("as fast", "--recipe", file("recipe.json"), "--cache", file("calibration.json"));
    expect(again.bytes).toEqual(bytes);
    expect(again.result.speed).toBeNull();
    const out = join(folder, "not timed");
    const refused = await octet("quantize", model, ...["--activations", "float", "--goal", "speed", "--out", out]);
    expect(errorOf(refused)).toMatch(/^Weights alone, and weights in int4, are computed in float/);
    expect(existsSync(out)).toBe(false);
  });

  it("comes out of a recipe with a range set by hand", async () => {
    const { bytes, file } = await fromData("before");
    const recipe = JSON.parse(readFileSync(file("recipe.json"), "utf8"));
    const hand = { ...recipe, ranges: { picture: { low: 0, high: 0.5 } } };
    const stale = put(folder, "stale.recipe.json", JSON.stringify(hand));
    const refused = await octet("quantize", model, "--recipe", stale, "--cache", file("calibration.json"));
    expect(errorOf(refused)).toMatch(/sets picture by hand to another range .* set "resolved" to null/);

    const open = put(folder, "hand.recipe.json", JSON.stringify({ ...hand, resolved: null }));
    const made = await quantize("hand", "--recipe", open, "--cache", file("calibration.json"));
    expect(made.bytes).not.toEqual(bytes);
    expect(made.result.parameters.picture.scale).toBeCloseTo(0.5 / 255, 8);
    const again = await quantize(
      "hand again",
      "--recipe",
      made.file("recipe.json"),
      "--cache",
      made.file("calibration.json"),
    );
    expect(again.bytes).toEqual(made.bytes);
  });
});

describe("options", () => {
  it("change the saved recipe they are given with", async () => {
    const { file } = await fromData("saved", "--method", "entropy", "--per-tensor");
    const { result } = await quantize(
      "changed",
      ...["--recipe", file("recipe.json"), "--cache", file("calibration.json"), "--activations", "s8"],
    );
    expect(result.recipe).toMatchObject({
      method: "entropy",
      weights: { granularity: "tensor" },
      activations: { type: "int8", symmetric: true },
    });
    expect(result.parameters.picture.zeroPoint).toBe(0);
  });

  it("that a cache makes idle are named", async () => {
    const { file } = await fromData("cached");
    const idle = ["--samples", "3", "--data", data, "--iterations", "9"];
    const { stderr } = await quantize("idle", "--cache", file("calibration.json"), ...idle);
    expect(stderr).toMatch(/warning: .*--data, --samples, --iterations had no effect/);
  });
});

describe("data", () => {
  it("may be links to files, one picture, or an array", async () => {
    const links = join(folder, "links");
    mkdirSync(links);
    for (let i = 0; i < 3; i++) symlinkSync(join(data, `${i}.png`), join(links, `${i}.png`));
    symlinkSync(join(folder, "gone"), join(links, "broken.png"));
    const linked = await quantize("linked", "--data", links, "--preprocess", "unit");
    expect(linked.result.calibration).toMatchObject({ samples: 3, skipped: 0 });
    const single = await quantize("single", "--data", join(data, "4.png"), "--preprocess", "unit");
    expect(single.result.calibration.samples).toBe(1);
  });

  it("gets a warning when its preprocessing is a guess, once and in the result", async () => {
    const { stderr, result } = await quantize("guessed", "--data", data);
    expect(stderr.match(/No preprocessing was given/g)).toHaveLength(1);
    expect(result.notices).toContainEqual(expect.objectContaining({ subject: "picture", kind: "warning" }));
  });
});

describe("weights beside the model", () => {
  it("are read, counted, and part of the model's identity", async () => {
    const { graph, external } = toModelFile(largeWeights(1));
    const beside = join(folder, "beside");
    mkdirSync(beside);
    const path = put(beside, "colours.onnx", graph);
    const out = join(beside, "out");
    const command = ["quantize", path, "--data", data, "--preprocess", "unit", "--out", out, "--json"];
    const [weights] = external;
    expect(errorOf(await octet(...command))).toMatch(`"${weights!.path}", which was not given`);

    put(beside, weights!.path, weights!.data);
    const outcome = await octet(...command);
    const { model: facts } = outcome.json();
    expect(facts.bytes).toBe(graph.length + weights!.data.length);
    const judged = await octet(
      "evaluate",
      path,
      join(out, "colours.int8.onnx"),
      "--data",
      await putColours(folder, "unseen", 9, 20),
      "--preprocess",
      "unit",
      "--json",
    );
    expect(judged.json()).toMatchObject({ samples: 9, bytes: { float: facts.bytes } });

    put(beside, weights!.path, toModelFile(largeWeights(2)).external[0]!.data);
    const other = await octet("quantize", path, "--cache", join(out, "colours.calibration.json"), "--out", out);
    expect(errorOf(other)).toMatch(/another model/);
    put(beside, weights!.path, weights!.data.subarray(0, 100));
    expect(errorOf(await octet(...command))).toMatch(/is too short for the weight/);
  });

  it("are not read from outside the model's folder", async () => {
    const { graph, external } = toModelFile(largeWeights(1));
    const inner = join(folder, "inner");
    mkdirSync(inner);
    const text = Buffer.from(graph).toString("latin1").replaceAll("weight-0", "../w.bin");
    const path = put(inner, "outside.onnx", Buffer.from(text, "latin1"));
    put(folder, "w.bin", external[0]!.data);
    expect(errorOf(await octet("inspect", path))).toBe(
      'The model keeps the weight "weights" in "../w.bin", outside its folder, where no weights are read; save the model again with its weights beside it.',
    );
  });

  it("are found however their path is written", async () => {
    const { graph, external } = toModelFile(largeWeights(1));
    const roundabout = join(folder, "roundabout");
    mkdirSync(roundabout);
    const text = Buffer.from(graph).toString("latin1").replaceAll("weight-0", ".//./w.b");
    const path = put(roundabout, "outside.onnx", Buffer.from(text, "latin1"));
    put(roundabout, "w.b", external[0]!.data);
    const options = ["--data", data, "--preprocess", "unit"];
    const out = join(roundabout, "out");
    expect(await octet("quantize", path, ...options, "--samples", "5", "--out", out)).toMatchObject({ code: 0 });
    const judged = await octet("evaluate", path, join(out, "outside.int8.onnx"), ...options, "--skip", "5");
    expect(judged).toMatchObject({ code: 0 });
  });

  it("are refused for the reason, in the shared cases", needsShared, async () => {
    expect(errorOf(await octet("inspect", `${SHARED}cases/external-escape/model.onnx`))).toMatch(
      /^The model keeps the weight "c1" in "\.\.\/c20e-0\.bin", outside its folder/,
    );
    expect(errorOf(await octet("inspect", `${SHARED}cases/hostile/external-negative-offset.onnx`))).toMatch(
      /^The weight "w" has the offset "-128" in "w\.data", which is no place in a file/,
    );
  });
});

/** The colour model with a weight of over 1 kB. */
function largeWeights(seed: number) {
  const base = colourModel();
  const [weights] = base.graph!.initializer;
  const floats = Float32Array.from({ length: 3 * 3 * 9 * 9 }, (_, i) => Math.sin(seed + i));
  const rawData = new Uint8Array(floats.buffer);
  const wide = withFields(weights!, { dims: [3n, 3n, 9n, 9n], rawData });
  const input = colourModel({ side: 16 }).graph!.input;
  return withFields(base, { graph: withFields(base.graph!, { initializer: [wide], input }) });
}

describe("inspect", () => {
  it("gives the layers, what becomes of each, and no file", async () => {
    const { code, json, stderr } = await octet("inspect", model, "--json");
    expect(code).toBe(0);
    expect(json()).toMatchObject({ name: "colours", opset: 13, parameters: 9, inputs: [{ name: "picture" }] });
    expect(json().layers.map(({ operator }: { operator: string }) => operator)).toEqual([
      "Conv",
      "GlobalAveragePool",
      "Flatten",
    ]);
    expect(stderr).not.toMatch(/octet:/);
    expect(existsSync("colours.octet")).toBe(false);
  });
});
