import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { InputError, openProject, wasmRuntime } from "./node.ts";
import type { Choices } from "./project.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../public/sample/${name}`, import.meta.url));
const MODEL = sample("fashion-mnist-dw.onnx");
const DATA = sample("evaluation-images-idx3-ubyte.gz");
const LABELS = sample("evaluation-labels-idx1-ubyte.gz");

/** The sentence that a call is refused with. */
const refusal = (call: () => unknown): Promise<string> =>
  (async () => call())().then(
    () => "it was taken",
    (error) => (error instanceof InputError ? error.message : `no InputError: ${error}`),
  );

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
    expect(notices).toEqual([]);
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
    expect(new Set(tasks)).toEqual(new Set(["Running what was made once"]));
  });

  it("needs no data where the recipe wants none", async () => {
    const { recipe } = project;
    project.change({
      float: { ...recipe.float, activations: true },
      corrections: { ...recipe.corrections, bias: "none" },
    });
    expect(sizeOf((await project.quantize()).chunks)).toBeGreaterThan(20_000);
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

  it("refuses what is not as it should be, in one sentence", async () => {
    const wrong = (choices: object) => () => project.change(choices as Choices);
    const refusals: readonly (readonly [() => unknown, RegExp])[] = [
      [() => openProject("none.onnx"), /^There is no file none\.onnx/],
      [
        () => project.quantize(),
        /^The recipe takes samples for calibration and bias correction; call useData, then calibrate\.$/,
      ],
      [() => project.calibrate(), /^There is no data yet/],
      [wrong({ weights: { type: "int4" } }), /"weights\.granularity" is /],
      [wrong({ weights: null }), /"weights" is null/],
      [wrong({ method: "best" }), /"method" is "best"/],
      [wrong({ wieghts: {} }), /^There is no choice "wieghts"; there are activations, /],
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
