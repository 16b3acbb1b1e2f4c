import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { JobContext } from "../model/job.ts";
import type { Corrections, Recipe } from "../model/recipe.ts";
import type { Underway } from "../model/underway.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { calibrate } from "./calibrate.ts";
import { type OpenDataset, openData } from "./data.ts";
import { evaluateModels } from "./evaluate.ts";
import { defaultRecipe, equalizedModel, type OpenModel, openModel, runnable } from "./open.ts";
import { quantizeModel, resolveRecipe } from "./quantize.ts";
import { type Settled, settle } from "./settle.ts";
import { exportValid } from "./testing/exported.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const runtime = nodeRuntime();
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const CALIBRATE = 100;
const JUDGE = 200;

async function open(bytes: Uint8Array, fileName: string): Promise<OpenModel> {
  return openModel({ bytes, fileName, readBeside: async () => null }, { shapes: {}, values: {} }, runtime, context);
}

let model: OpenModel;
let data: OpenDataset;

async function use(opened: OpenModel): Promise<void> {
  model = opened;
  const names = ["calibration-images-idx3-ubyte.gz", "calibration-labels-idx1-ubyte.gz"];
  data = await openData(
    model,
    names.map((name) => diskFile(sample(name), name)),
    preprocess,
    nodeDecoders,
  );
}

beforeAll(async () => {
  await use(await open(new Uint8Array(readFileSync(sample("fashion-mnist-dw.onnx"))), "fashion-mnist-dw.onnx"));
});

const wish = (granularity: "channel" | "tensor", corrections: Corrections): Recipe => ({
  ...defaultRecipe(model),
  weights: { type: "int8", granularity, rounding: "nearest" },
  corrections,
});

function settled(recipe: Recipe, calibration: Calibration | null = null): Promise<Settled> {
  return settle(
    model,
    recipe,
    data,
    { samples: CALIBRATE, calibration },
    { main: runtime, accelerator: null },
    context,
  );
}

const done = new Map<string, Promise<Settled>>();
/** What a wish comes to on the sample model, settled once for all tests that take no more from it. */
function once(granularity: "channel" | "tensor", corrections: Corrections): Promise<Settled> {
  const key = JSON.stringify([granularity, corrections]);
  if (!done.has(key)) done.set(key, settled(wish(granularity, corrections)));
  return done.get(key)!;
}

async function judge(recipe: Recipe, skip = CALIBRATE): Promise<Evaluation> {
  const quantized = quantizeModel(model, recipe);
  return evaluateModels(
    {
      float: { file: runnable(model.original), bytes: model.bytes },
      quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
      skip,
      samples: JUDGE,
      limit: 0.01,
      machine: "test",
    },
    data,
    runtime,
    context,
  );
}

const sqnr = ({ outputs }: Evaluation) => outputs[0]?.sqnr ?? NaN;

describe("corrections on the sample model, judged on samples that did not teach them", () => {
  test("equalization with bias correction brings one scale a tensor within a point of float, all in 8 bits", async () => {
    const plain = await once("tensor", { equalization: false, bias: "none" });
    const corrected = await once("tensor", { equalization: true, bias: "empirical" });
    const [before, after] = [await judge(plain.recipe), await judge(corrected.recipe)];
    expect(before.top1?.drop).toBeGreaterThan(0.05);
    expect(after.top1?.drop).toBeLessThanOrEqual(0.01);
    expect(sqnr(after)).toBeGreaterThan(sqnr(before) + 10);
    expect(corrected.recipe.float.layers).toEqual([]);
  });

  test("bias correction gains, and moves nothing but biases", async () => {
    const plain = await once("tensor", { equalization: false, bias: "none" });
    const corrected = await settled(wish("tensor", { equalization: false, bias: "empirical" }), plain.calibration);
    expect(sqnr(await judge(corrected.recipe))).toBeGreaterThan(sqnr(await judge(plain.recipe)) + 1);
    expect(corrected.calibration).toBe(plain.calibration);
    expect(corrected.recipe.resolved).toEqual(plain.recipe.resolved);
    const codes = (recipe: Recipe) =>
      quantizeModel(model, recipe)
        .model.graph!.initializer.filter(({ dataType, dims }) => dataType === 3 && dims.length > 1)
        .map(({ rawData }) => Buffer.from(rawData).toString("base64"));
    expect(codes(plain.recipe)).toHaveLength(12);
    expect(codes(corrected.recipe)).toEqual(codes(plain.recipe));
  });

  test("what was learned is kept, and gives the same file wherever the recipe goes", async () => {
    const first = await once("tensor", { equalization: true, bias: "empirical" });
    const again = await settled(first.recipe, first.calibration);
    expect(again.recipe).toEqual(first.recipe);
    const recalibrated = await settled(first.recipe);
    expect(recalibrated.recipe).toEqual(first.recipe);
    expect(recalibrated.calibration.equalized).toBe(true);
    const fresh = await settled(wish("tensor", { equalization: true, bias: "empirical" }));
    expect(fresh.recipe).toEqual(first.recipe);
    const bytes = (recipe: Recipe) => quantizeModel(model, JSON.parse(JSON.stringify(recipe))).chunks;
    expect(bytes(first.recipe)).toEqual(quantizeModel(model, first.recipe).chunks);
  });

  test("statistics of an equalized model are refused for a recipe without, and the reverse", async () => {
    const equalized = await once("tensor", { equalization: true, bias: "none" });
    expect(equalized.calibration.equalized).toBe(true);
    const without = wish("tensor", { equalization: false, bias: "none" });
    expect(() => resolveRecipe(model, without, equalized.calibration)).toThrow(
      /made with equalization .* calibrate again/,
    );
    const request = { samples: 8, preprocess, resume: equalized.calibration, checkpoint: () => undefined };
    await expect(calibrate(model, data, request, { main: runtime, accelerator: null }, context)).rejects.toThrow(
      /another setting of equalization/,
    );
    expect(() => quantizeModel(model, { ...equalized.recipe, factors: null })).toThrow(/not been learned yet/);
  });

  describe("settling that ended before its time", () => {
    /** Nothing reads samples but learning factors and observing. */
    const wanted = (): Recipe => ({
      ...wish("tensor", { equalization: true, bias: "none" }),
      elementwise: "float",
    });
    /** Settles on 32 samples, and says how often each was read. */
    async function going(
      recipe: Recipe,
      how: { resume?: Underway | null; checkpoint?: (underway: Underway) => unknown },
    ) {
      const reads = new Map<number, number>();
      const get = (index: number) => {
        reads.set(index, (reads.get(index) ?? 0) + 1);
        return data.get(index);
      };
      const watched = new Proxy(data, { get: (of, name) => (name === "get" ? get : Reflect.get(of, name, of)) });
      const abort = new AbortController();
      const within = { ...context, signal: abort.signal };
      const request = {
        ...{
          samples: 32,
          calibration: null,
          resume: how.resume ?? null,
          isLeaving: () => how.checkpoint !== undefined,
        },
        checkpoint: (underway: Underway) => how.checkpoint?.(underway) === "stop" && abort.abort(),
      };
      const runtimes = { main: runtime, accelerator: null };
      return { reads, settling: settle(model, recipe, watched, request, runtimes, within) };
    }

    /** What is left where it is stopped with so many samples observed, or, with null, once the factors are learned. */
    async function stoppedAt(samples: number | null): Promise<Underway> {
      let last: Underway | null = null;
      const { settling } = await going(wanted(), {
        checkpoint(underway) {
          last = underway;
          const { calibration } = underway;
          return (samples === null || (calibration?.observed.length ?? -1) >= samples) && "stop";
        },
      });
      await expect(settling).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
      return last as unknown as Underway;
    }

    let part: Underway;
    beforeAll(async () => {
      part = await stoppedAt(10);
    });

    test("goes on from the factors and the samples that it came to, and gives what one run gives", async () => {
      const whole = await (await going(wanted(), {})).settling;
      const learned = await stoppedAt(null);
      expect(learned).toMatchObject({ calibration: null, recipe: { factors: whole.recipe.factors } });
      const seen = part.calibration!.observed;
      expect(seen.length).toBeGreaterThanOrEqual(10);
      expect(seen.length).toBeLessThan(32);
      for (const resume of [learned, structuredClone(part)]) {
        const { reads, settling } = await going(wanted(), { resume });
        const { recipe, calibration } = await settling;
        expect(recipe).toEqual(whole.recipe);
        expect(calibration.statistics).toEqual(whole.calibration.statistics);
        // The first is read to know what a sample is.
        const again = [...reads.keys()].filter((index) => index > 0 && resume.calibration?.observed.includes(index));
        expect(again).toEqual([]);
      }
      const nothingLeft = { recipe: part.recipe, calibration: whole.calibration };
      const { reads, settling } = await going(wanted(), { resume: nothingLeft });
      expect((await settling).recipe).toEqual(whole.recipe);
      expect([...reads.keys()]).toEqual([0]);
    });

    test.each<[string, (part: Underway) => readonly [Recipe, Underway]]>([
      ["samples in another order", (part) => [{ ...wanted(), seed: 7 }, part]],
      ["no equalization", (part) => [{ ...wanted(), corrections: { equalization: false, bias: "none" } }, part]],
      [
        "other factors",
        (part) => {
          const factors = Object.fromEntries(
            Object.entries(part.recipe.factors!).map(([name, { divide, absorb }]) => [
              name,
              { divide: divide.map((by) => 2 * by), absorb },
            ]),
          );
          return [{ ...wanted(), factors }, part];
        },
      ],
    ])("takes up nothing that is of %s", async (_, makes) => {
      const [recipe, resume] = makes(structuredClone(part));
      const { reads, settling } = await going(recipe, { resume });
      const { calibration, recipe: made } = await settling;
      const fresh = await (await going(recipe, {})).settling;
      expect(reads.size).toBe(32);
      expect(made).toEqual(fresh.recipe);
      expect(calibration.statistics).toEqual(fresh.calibration.statistics);
    });
  });

  test("statistics of a model equalized by other factors are refused as well, and taken again where samples are there", async () => {
    const { recipe, calibration } = await once("tensor", { equalization: true, bias: "none" });
    expect(calibration.scaling).toMatch(/^[0-9a-f]{16}$/);
    const twice = (values: readonly number[]) => values.map((value) => 2 * value);
    const factors = Object.fromEntries(
      Object.entries(recipe.factors!).map(([name, { divide, absorb }]) => [name, { divide: twice(divide), absorb }]),
    );
    const others = { ...recipe, factors, resolved: null, spared: null };
    expect(() => resolveRecipe(model, others, calibration)).toThrow(/other factors .* calibrate again/);
    const request = { samples: 8, preprocess, resume: calibration, checkpoint: () => undefined };
    const scaled = equalizedModel(model, others);
    await expect(calibrate(scaled, data, request, { main: runtime, accelerator: null }, context)).rejects.toThrow(
      /other factors/,
    );
    const again = await settled(others, calibration);
    expect(again.calibration.scaling).not.toBe(calibration.scaling);
    expect(again.recipe.factors).toBe(factors);
    const { scaling: _, ...before } = calibration;
    expect(resolveRecipe(model, { ...recipe, resolved: null }, before).resolved).toEqual(recipe.resolved);
  });

  test("the export of an equalized model holds the float model that its caches belong to", async () => {
    const { recipe, calibration } = await once("tensor", { equalization: true, bias: "none" });
    const { files } = exportValid(model, { recipe, calibration, evaluation: null, date: "2026-11-21T00:00:00.000Z" });
    expect(files.map(({ name }) => name)).toContain("fashion-mnist-dw.equalized.onnx");
    const float = { file: runnable(model.original), bytes: 1 };
    const equalized = { file: runnable(equalizedModel(model, recipe).observed), bytes: 1 };
    const request = { float, quantized: equalized, skip: 0, samples: 100, limit: 0.01, machine: "test" };
    const same = await evaluateModels(request, data, runtime, context);
    expect(sqnr(same)).toBeGreaterThan(80);
  });
});

describe("analytic bias correction", needsShared, () => {
  test("needs no samples, only BatchNormalization, and gains", async () => {
    await use(await open(readShared("models/fmnist_dw_bn.onnx"), "fmnist_dw_bn.onnx"));
    const plain = await settled(wish("tensor", { equalization: false, bias: "none" }));
    const analytic = await settled(wish("tensor", { equalization: false, bias: "analytic" }), plain.calibration);
    expect(Object.keys(analytic.recipe.biases ?? {}).length).toBeGreaterThan(5);
    expect(sqnr(await judge(analytic.recipe))).toBeGreaterThan(sqnr(await judge(plain.recipe)));
  });
});
