import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { InputError, openProject, type Preprocess, wasmRuntime } from "./node.ts";
import type { Choices } from "./project.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../public/sample/${name}`, import.meta.url));
const MODEL = sample("fashion-mnist-dw.onnx");
const DATA = sample("evaluation-images-idx3-ubyte.gz");
const CALIBRATION = sample("calibration-images-idx3-ubyte.gz");
const LABELS = sample("evaluation-labels-idx1-ubyte.gz");

const UNIT: Preprocess = {
  ...{ resize: null, crop: null, layout: "NCHW", color: "GRAY" },
  ...{ scale: 1 / 255, mean: [0], std: [1] },
};

/** The sentence that a call is refused with. */
const refusal = (call: () => unknown): Promise<string> =>
  (async () => call())().then(
    () => "it was taken",
    (error) => (error instanceof InputError ? error.message : `no InputError: ${error}`),
  );

const bytesOf = ({ chunks }: { readonly chunks: readonly Uint8Array<ArrayBuffer>[] }) =>
  new Blob([...chunks]).arrayBuffer();
const sizeOf = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);

let project: Awaited<ReturnType<typeof openProject>>;
beforeEach(async () => {
  project = await openProject(MODEL);
});

describe("a project", () => {
  it("is calibrated, measured, judged by labels and exported with what was judged", async () => {
    const { samples, labelled } = await project.useData(DATA, { preprocess: "unit", labels: LABELS });
    expect([samples > 100, labelled]).toEqual([true, samples]);
    const { observed } = await project.calibrate({ samples: 20 });
    expect(observed).toHaveLength(20);
    const { layers } = await project.sensitivity({ samples: 4 });
    expect(layers).toHaveLength(15);
    const lenient = await project.evaluate({ skip: 20, samples: 30, maxDrop: 100 });
    expect(lenient).toMatchObject({ samples: 30, labelled: 30, verdict: { passed: true } });
    const { name, chunks, notices } = await project.quantize();
    expect(notices.map(({ subject, kind }) => [subject, kind])).toEqual([["elementwise operators", "info"]]);
    const { files } = await project.export();
    expect(sizeOf(files.find((file) => file.name === name)?.chunks ?? [])).toBe(sizeOf(chunks));
    const reportOf = async () => {
      const report = (await project.export()).files.find((file) => file.name.endsWith(".report.json"));
      return JSON.parse(await new Blob([...(report?.chunks ?? [])]).text());
    };
    expect((await reportOf()).evaluation).toMatchObject({ samples: 30 });
    project.change({ method: "minmax" });
    expect((await reportOf()).evaluation).toBeNull();
  });

  it("has inputs and outputs in float16 where that is chosen beside float16, and refuses it elsewhere", async () => {
    project.change({ format: "float16", ends: "float16" });
    await project.useData(DATA, { preprocess: "unit" });
    await project.calibrate({ samples: 6 });
    const { name, chunks, notices } = await project.quantize();
    expect(notices.map(({ message }) => message).join()).toContain("are float16 in the file");
    const { outputs } = await project.evaluate({ skip: 6, samples: 6 });
    expect(outputs[0]?.sqnr).toBeGreaterThan(40);
    const file = { name, bytes: await new Blob([...chunks]).arrayBuffer() };
    const { recovery } = await project.readQuantized(file);
    expect(recovery.recipe).toMatchObject({ format: "float16", ends: "float16" });
    expect(project.recipe.ends).toBe("float16");
    project.change({ format: "weights" });
    expect(project.recipe).not.toHaveProperty("ends");
    project.change({ ends: "float16" });
    expect(await refusal(() => project.quantize())).toContain("in the formats float16 and q4f16");
  });

  it("leaves out of a recipe what another preparation of the model taught, and says so", async () => {
    await project.useData(DATA, { preprocess: "unit" });
    await project.calibrate({ samples: 6 });
    const { files } = await project.export();
    const file = files.find(({ name }) => name.endsWith(".recipe.json"));
    const written = JSON.parse(await new Blob([...(file?.chunks ?? [])]).text());
    const recipe = JSON.stringify({ ...written, preparation: written.preparation + 1 });
    const again = await openProject(MODEL, { recipe });
    expect(again.recipe).toMatchObject({ preparation: written.preparation, resolved: null, biases: null });
    const message = /^The recipe was learned for fashion-mnist-dw as another version of Octet prepares it/;
    expect(await refusal(() => again.quantize())).toMatch(message);
    await again.useData(DATA, { preprocess: "unit" });
    await again.calibrate({ samples: 6 });
    expect((await again.quantize()).notices).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    );
  });

  it("derives anew what a change touches, on the same samples, and nothing else", async () => {
    await project.useData(DATA, { preprocess: "unit" });
    await project.calibrate({ samples: 12 });
    const { resolved, biases } = project.recipe;
    project.change({ weights: { ...project.recipe.weights, type: "int4" } });
    const { name } = await project.quantize();
    expect(name).toMatch(/int4/);
    expect(project.recipe.resolved).toEqual(resolved);
    expect(project.recipe.biases).not.toEqual(biases);
    const tasks: string[] = [];
    await project.quantize({ onProgress: ({ task }) => tasks.push(task) });
    expect(new Set(tasks)).toEqual(new Set(["Quantizing", "Gathering the figures", "Running what was made once"]));
  });

  it("needs no data where the recipe wants none", async () => {
    const { recipe } = project;
    project.change({
      format: "weights",
      corrections: { ...recipe.corrections, bias: "none" },
    });
    expect(sizeOf((await project.quantize()).chunks)).toBeGreaterThan(20_000);
  });

  it("says what scales found without data gain, and that there are none where blocks do not have them", async () => {
    const { recipe } = project;
    const corrections = { ...recipe.corrections, bias: "none" as const };
    expect(await refusal(() => project.refinement())).toMatch(
      /^(The recipe takes samples|No weight of fashion-mnist-dw)/,
    );
    project.change({ format: "weights", corrections, weights: { ...recipe.weights, type: "uint4", block: 16 } });
    const { weights, refined, nearest } = await project.refinement();
    expect(weights.map(({ weight }) => weight)).toHaveLength(1);
    expect(refined).toBeGreaterThan(nearest);
  });

  it("says which recipe is right by its graph, with data by what is measured, and takes what is advised", async () => {
    const unmeasured = await project.advise({ target: "ort-web" });
    expect(unmeasured).toMatchObject({ target: "ort-web", measured: null, kinds: [{ kind: "depthwise" }] });
    await project.useData(DATA, { preprocess: "unit" });
    const before = project.recipe;
    const { options, advised, measured } = await project.advise({ samples: 12 });
    expect(measured).toMatchObject({ taught: 6, judged: 6 });
    expect(options.every(({ figures }) => figures!.sqnr! > 20)).toBe(true);
    expect(project.recipe).toEqual(before);
    project.change(options[advised]!.settings);
    expect(project.recipe).toMatchObject(options[advised]!.settings);
    expect(await refusal(() => project.advise({ target: "cpu" as "ort-cpu" }))).toMatch(
      /^target is ort-cpu, .*not "cpu"\.$/,
    );
  });

  it("goes on from the recipe and the calibration that it exported", async () => {
    await project.useData(DATA, { preprocess: "unit" });
    project.change({ weights: { ...project.recipe.weights, granularity: "tensor" } });
    await project.calibrate({ samples: 12 });
    const { files } = await project.export();
    const textOf = (end: string) => {
      return new Blob([...(files.find(({ name }) => name.endsWith(end))?.chunks ?? [])]).text();
    };
    const recipe = await textOf(".recipe.json");
    const again = await openProject(MODEL, { recipe });
    expect(again.recipe).toEqual(project.recipe);
    expect(await bytesOf(await again.quantize())).toEqual(await bytesOf(await project.quantize()));

    const seen = await openProject(MODEL, { calibration: await textOf(".calibration.json") });
    expect(await refusal(() => seen.quantize())).toMatch(
      /^The recipe takes samples for deciding elementwise operators and bias correction; /,
    );
    const { corrections, weights } = seen.recipe;
    const plain = { corrections: { ...corrections, bias: "none" }, elementwise: "join" } as const;
    seen.change({ ...plain, weights: { ...weights, granularity: "tensor" } });
    await seen.quantize();
    project.change({ elementwise: "join" });
    await project.quantize();
    expect(seen.recipe).toEqual({ ...project.recipe, ...plain, biases: null });
    seen.change({ method: "minmax" });
    await seen.quantize();
    expect(seen.recipe.resolved).not.toEqual(project.recipe.resolved);

    const other = recipe.replace(/"sha256": "\w+"/, `"sha256": "${"0".repeat(64)}"`);
    expect(await refusal(() => openProject(MODEL, { recipe: other }))).toMatch(/^The recipe was made for /);
    expect(await refusal(() => openProject(MODEL, { recipe: "" }))).toMatch(/^recipe is empty/);
    expect(await refusal(() => openProject(MODEL, { calibration: recipe }))).toMatch(
      /^calibration is an Octet recipe, /,
    );
    expect(await refusal(() => openProject(MODEL, { recipe: project.recipe as never }))).toMatch(
      /^recipe is the text /,
    );
  });

  it("is judged on other data than it was calibrated on, and learns nothing of these", async () => {
    await project.useData(CALIBRATION, { preprocess: "unit" });
    await project.calibrate({ samples: 12 });
    const { recipe } = project;
    const before = await bytesOf(await project.quantize());
    const own = await project.evaluate({ skip: 12, samples: 20 });
    expect(own).toMatchObject({ samples: 20, labelled: 0, verdict: null });
    expect(own.latency.quantized.start).toBeGreaterThan(own.latency.quantized.p50);
    expect(own.throughput?.map(({ batch }) => batch).slice(0, 3)).toEqual([1, 2, 4]);
    const other = await project.evaluate({ data: DATA, labels: LABELS, samples: 30, maxDrop: 100 });
    expect(other).toMatchObject({ samples: 30, labelled: 30, verdict: { passed: true } });
    expect(other.outputs).not.toEqual(own.outputs);
    const all = await project.evaluate({ data: DATA, labels: LABELS, skip: 490 });
    expect(all.samples).toBe(10);
    expect(project.recipe).toEqual(recipe);
    expect(await bytesOf(await project.quantize())).toEqual(before);
    expect(await refusal(() => project.evaluate({ labels: LABELS }))).toMatch(/^labels are those of data /);
    expect(await refusal(() => project.evaluate({ maxDrop: 1, skip: 12, samples: 2 }))).toBe(
      "maxDrop has nothing to be held against: no sample has a label; give labels, or leave maxDrop out.",
    );
  });

  it("takes samples in the order of its recipe, and does not judge on those that calibrated", async () => {
    await project.useData(DATA, { preprocess: "unit" });
    await project.calibrate({ samples: 6 });
    const { seed, prints } = project.recipe;
    expect(seed).toBe(0);
    expect(await refusal(() => project.evaluate({ skip: 2, samples: 5 }))).toMatch(
      /^4 of the 5 samples to judge calibrated the model, .*; leave out the first 6 \(--skip 6\)\.$/,
    );
    project.change({ seed: null });
    expect(await project.evaluate({ skip: 6, samples: 2 })).toMatchObject({ samples: 2 });
    expect(project.recipe.prints).not.toBe(prints);
    project.change({ seed });
    await project.evaluate({ skip: 6, samples: 2 });
    expect(project.recipe.prints).toBe(prints);
    const drift = await project.drift({ data: DATA, skip: 6, samples: 20 });
    expect(drift).toMatchObject({ verdict: "fine", samples: { calibrated: 6, seen: 20 } });
    expect(await refusal(() => project.drift({ data: DATA, samples: 9 }))).toMatch(/^6 of the 9 samples/);
    expect(project.recipe.prints).toBe(prints);
  });

  it("is as it was after a job that is cancelled", async () => {
    await project.useData(DATA, { preprocess: "unit" });
    await project.calibrate({ samples: 12 });
    const { recipe } = project;
    const controller = new AbortController();
    const onProgress = () => controller.abort("enough");
    await expect(project.calibrate({ signal: controller.signal, onProgress })).rejects.toBe("enough");
    expect(project.recipe).toEqual(recipe);
    await expect(project.quantize({ signal: AbortSignal.abort("before") })).rejects.toBe("before");
    expect((await project.quantize()).name).toBe("fashion-mnist-dw.int8.onnx");
  });

  it("runs one job at a time, and takes no settings meanwhile", async () => {
    const reading = project.useData(DATA, { preprocess: "unit" });
    expect(await refusal(() => project.calibrate())).toMatch(/^A job is running on this project/);
    expect(await refusal(() => project.change({ method: "mse" }))).toMatch(/^A job is running on this project/);
    await reading;
    project.change({ method: "mse" });
    expect(project.recipe.method).toBe("mse");
  });

  it("quantizes weights alone without data, says that biases are as they were, and reads the file again", async () => {
    project.change({ format: "weights" });
    const { name, chunks, notices } = await project.quantize();
    expect(name).toBe("fashion-mnist-dw.int8.onnx");
    expect(notices.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^Biases were not corrected/));
    expect(project.recipe.corrections.bias).toBe("none");
    const { matching, recovery } = await project.readQuantized({ name, bytes: await bytesOf({ chunks }) });
    expect(matching.stored).toEqual([]);
    expect(recovery).toMatchObject({ recipe: { format: "weights" }, differences: [] });
  });

  it("refuses what is not as it should be, in one sentence", async () => {
    const wrong = (choices: object) => () => project.change(choices as Choices);
    const refusals: readonly (readonly [() => unknown, RegExp])[] = [
      [() => openProject("none.onnx"), /^There is no file none\.onnx/],
      [
        () => project.quantize(),
        /^The recipe takes samples for deciding elementwise operators, calibration and bias correction; call useData, then calibrate\.$/,
      ],
      [() => project.calibrate(), /^There is no data yet/],
      [wrong({ weights: { type: "int4" } }), /"weights\.granularity" is /],
      [wrong({ weights: null }), /"weights" is null/],
      [wrong({ method: "best" }), /"method" is "best"/],
      [wrong({ wieghts: {} }), /^There is no choice "wieghts"; there are target, activations, /],
      [wrong({ resolved: {} }), /^There is no choice "resolved"/],
      [() => project.useData(DATA, { preprocess: "units" as "unit" }), /^preprocess is imagenet, .*not "units"\.$/],
      [() => project.useData(DATA, { preprocess: { scale: 1 } as never }), /^preprocess: /],
      [() => project.useData(DATA, { labels: sample("") }), /^labels is one file/],
    ];
    for (const [call, sentence] of refusals) expect(await refusal(call)).toMatch(sentence);
    await project.useData(DATA, { preprocess: "unit" });
    for (const samples of [0, -1, 1.5, Number.NaN]) {
      expect(await refusal(() => project.calibrate({ samples }))).toBe(
        `samples is a whole number of at least 1, not ${samples}.`,
      );
    }
    expect(await refusal(() => project.evaluate({ maxDrop: Number.NaN }))).toMatch(/^maxDrop is a number of points/);
    expect(await refusal(() => project.evaluate({ skip: -1 }))).toBe("skip is a whole number of at least 0, not -1.");
  });

  it("refuses what no type would let pass", async () => {
    const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
      ["a model that is none", () => openProject(3 as never), /^A model is a path, or an object with its name/],
      ["no model", () => openProject(undefined as never), /^A model is a path/],
      ["bytes without a name", () => openProject(readFileSync(MODEL) as never), /^A model is a path/],
      ["text for bytes", () => openProject({ name: "m", bytes: "onnx" as never }), /^A model is a path/],
      [
        "a misspelt option",
        () => openProject(MODEL, { shape: {} } as never),
        /^There is no option "shape"; there are shapes, /,
      ],
      ["options that are none", () => openProject(MODEL, null as never), /^An object of options is wanted, /],
      [
        "a shape as text",
        () => openProject(MODEL, { shapes: { image: "1x1" as never } }),
        /^openProject: "shapes\["image"\]" is "1x1"/,
      ],
      ["a value as text", () => openProject(MODEL, { values: { image: "0" as never } }), /"values\["image"\]" is "0"/],
      [
        "what becomes of integers, in other words",
        () => openProject(MODEL, { quantized: "float" as never }),
        /^quantized is "keep" or "fold", not "float"\.$/,
      ],
      [
        "a state of no output",
        () => openProject(MODEL, { state: { image: "next" } }),
        /^The model has no output named next to feed image from/,
      ],
      [
        "a runtime by its name",
        () => openProject(MODEL, { runtime: "wasm" as never }),
        /^runtime is what wasmRuntime makes/,
      ],
      [
        "a controller",
        () => openProject(MODEL, { signal: new AbortController() as never }),
        /^signal is an AbortSignal/,
      ],
      ["paths", () => project.useData([DATA] as never), /^Data and labels are a path, or a list of objects/],
      ["no data", () => project.useData(undefined as never), /^Data and labels are a path/],
      [
        "misspelt preprocessing",
        () => project.useData(DATA, { preproces: "unit" } as never),
        /^There is no option "preproces"/,
      ],
      [
        "misspelt samples",
        () => project.calibrate({ sample: 5 } as never),
        /^There is no option "sample"; there are samples, signal, onProgress\.$/,
      ],
      ["a number for options", () => project.calibrate(5 as never), /^An object of options is wanted, .*; not 5\.$/],
      [
        "progress that is no function",
        () => project.quantize({ onProgress: {} as never }),
        /^onProgress is a function/,
      ],
      ["misspelt limit", () => project.evaluate({ maxdrop: 1 } as never), /^There is no option "maxdrop"/],
      ["no choices", () => project.change(null as never), /^An object of choices is wanted/],
      [
        "NaN in a range",
        () => project.change({ ranges: { image: { low: Number.NaN, high: 1 } } }),
        /"ranges\["image"\]\.low" is NaN; it must be a number/,
      ],
      [
        "an infinite scale",
        () => project.useData(DATA, { preprocess: { ...UNIT, scale: Infinity } }),
        /"scale" is Infinity; it must be /,
      ],
    ];
    for (const [what, call, sentence] of refusals) expect(await refusal(call), what).toMatch(sentence);
  });

  it("takes what is undefined as left out", async () => {
    const { recipe } = project;
    project.change({ method: undefined } as never);
    expect(project.recipe).toEqual(recipe);
    await project.useData(DATA, { preprocess: "unit", labels: undefined } as never);
    await project.calibrate({ samples: 2, onProgress: undefined, signal: undefined } as never);
  });

  it("takes a model in memory, data of its caller's and the runtime that it is handed", async () => {
    const bytes = new Uint8Array(readFileSync(MODEL)).buffer;
    const runtime = { ...wasmRuntime(await import("onnxruntime-web/wasm")), label: "handed in" };
    const held = await openProject({ name: "held.onnx", bytes }, { runtime });
    expect(held.runtime).toBe("handed in");
    const images = new Uint8Array(readFileSync(DATA));
    const read = async (start = 0, end = images.length) => images.slice(start, end);
    await held.useData([{ path: "images.idx3-ubyte.gz", size: images.length, read }], { preprocess: "unit" });
    const { executors } = await held.calibrate({ samples: 4 });
    expect(executors).toMatchObject([{ runtime: "handed in", samples: 4 }]);
    expect((await held.quantize()).name).toBe("held.int8.onnx");
  });
});
