import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { BEFORE_PREPARATIONS } from "../model/past/recipe.ts";
import { withFlag } from "../model/testing/olderRecipe.ts";
import { readCalibration, writeCalibration } from "./cache.ts";
import { readRecipe, writeRecipe } from "./recipe.ts";
import { readReport, writeReport } from "./report.ts";
import { REPORT, TUNING } from "./testing/report.ts";

/** What earlier versions of Octet wrote of public/sample, the caches cut to two tensors. */
function past(file: string): string {
  return gunzipSync(readFileSync(new URL(`testing/past/${file}.gz`, import.meta.url))).toString();
}

const AFTER = { corrections: { equalization: false, bias: "none" }, factors: null, biases: null, rounding: null };

describe("a recipe of before", () => {
  test.each([
    ["1-first.recipe.json", AFTER],
    [
      "2-corrections.recipe.json",
      { ...AFTER, corrections: { equalization: false, bias: "empirical" }, biases: { conv: [0.25, -0.5] } },
    ],
    ["3-factors.recipe.json", { corrections: { equalization: true, bias: "empirical" }, rounding: null }],
  ])("%s opens, and what it did not say is what it meant then", (file, said) => {
    const text = past(file);
    const written = JSON.parse(text);
    const recipe = readRecipe(text, file);
    expect(recipe).toMatchObject(said);
    expect(recipe.weights).toEqual({ ...written.weights, rounding: "nearest" });
    expect(recipe.float).toEqual(written.float);
    expect(recipe.inputs).toEqual({ ...written.inputs, state: {} });
    const { model, format, activations, method, methods, ranges, preprocess, resolved } = recipe;
    const kept = { model, format, activations, method, methods, ranges, preprocess, resolved };
    expect(written).toMatchObject(kept);
    expect(readRecipe(writeRecipe(recipe), file)).toEqual(recipe);
  });

  test("keeps the factors and biases that it had", () => {
    const { factors, biases } = JSON.parse(past("3-factors.recipe.json"));
    expect(Object.keys(factors).length).toBeGreaterThan(1);
    expect(readRecipe(past("3-factors.recipe.json"), "r")).toMatchObject({ factors, biases });
  });

  test("of one preparation of a model, which did not say which, is for the first and keeps all that was learned", () => {
    const { kind, ...written } = JSON.parse(past("4-rounding.recipe.json"));
    expect(Object.keys(written.rounding).length).toBeGreaterThan(1);
    const recipe = readRecipe(past("4-rounding.recipe.json"), "r");
    expect(withFlag(recipe)).toEqual({ ...written, ...BEFORE_PREPARATIONS, inputs: { ...written.inputs, state: {} } });
    expect(readRecipe(writeRecipe(recipe), "r")).toEqual(recipe);
  });

  test("whose weights alone are quantized asks for that as its format", () => {
    const { kind, ...written } = JSON.parse(past("5-weights-alone.recipe.json"));
    const { activations, ...float } = written.float;
    expect([activations, written.format]).toEqual([true, "qdq"]);
    const recipe = readRecipe(past("5-weights-alone.recipe.json"), "r");
    expect(recipe).toEqual({ ...written, format: "weights", float });
    expect(withFlag(recipe)).toEqual(written);
    expect(readRecipe(writeRecipe(recipe), "r")).toEqual(recipe);
  });

  test.each<[string, (recipe: Record<string, unknown>) => unknown, string]>([
    ["a misspelt setting", (r) => Object.assign(r, { activation: {} }), '"activation" is no field of the document'],
    ["a wrong one", (r) => Object.assign(r, { method: "best" }), '"method" is "best"'],
    ["half of what came later", (r) => Object.assign(r, { rounding: null }), '"weights.rounding" is missing'],
    ["weights that are none", (r) => Object.assign(r, { weights: 8 }), '"weights" is 8'],
    [
      "a version to come",
      (r) => Object.assign(r, { version: 2 }),
      "of version 2 and this Octet reads version 1; update",
    ],
    [
      "no preparation",
      (r) => Object.assign(r, { preparation: 0 }),
      '"preparation" is 0; it must be a whole number from 1',
    ],
    ["no version", (r) => delete r.version, '"version" is missing'],
  ])("is refused with %s", (_, damage, message) => {
    const recipe = JSON.parse(past("1-first.recipe.json"));
    damage(recipe);
    const reading = () => readRecipe(JSON.stringify(recipe), "old.recipe.json");
    expect(reading).toThrow(InputError);
    expect(reading).toThrow(message);
  });
});

describe("a calibration of before", () => {
  test.each([
    ["1-first.calibration.json", false],
    ["2-equalized.calibration.json", true],
  ])("%s opens: one session on the processor had run all samples", (file, equalized) => {
    const written = JSON.parse(past(file));
    const calibration = readCalibration(past(file), file);
    expect(calibration.equalized).toBe(equalized);
    expect(calibration.executors).toEqual([{ ...written.executor, provider: "cpu", workers: 1, samples: 3 }]);
    expect(calibration.observed).toEqual([0, 1, 2]);
    expect([...calibration.statistics.keys()]).toEqual(written.tensors.map(({ name }: { name: string }) => name));
    const again = JSON.parse(writeCalibration(calibration, "octet"));
    expect(again.tensors).toEqual(written.tensors);
  });

  test("in a browser it had run on WASM", () => {
    const cache = JSON.parse(past("1-first.calibration.json"));
    cache.executor.runtime = "onnxruntime-web 1.30.0, WASM SIMD";
    expect(readCalibration(JSON.stringify(cache), "c").executors).toMatchObject([{ provider: "wasm" }]);
  });

  test("is refused by the name of the field that is wrong", () => {
    const cache = JSON.parse(past("1-first.calibration.json"));
    cache.executor.threads = 0;
    expect(() => readCalibration(JSON.stringify(cache), "c")).toThrow('c: "executors[0].threads" is 0; it must be');
  });
});

describe("a report of before", () => {
  test.each([
    ["1-first.report.json", null],
    ["2-tuned.report.json", 1],
    ["3-today.report.json", null],
  ])("%s opens", (file, steps) => {
    const written = JSON.parse(past(file));
    const report = readReport(past(file), file);
    expect(report.tuning === null ? null : Math.min(report.tuning.points.length, 1)).toBe(steps);
    expect(report.recipe).toEqual(readRecipe(JSON.stringify({ kind: "octet-recipe", ...written.recipe }), "r"));
    if (report.tuning) expect(report.tuning.start.rounding).toBeNull();
    expect(report.calibration.executors).toMatchObject([
      { provider: "cpu", samples: report.calibration.observed.length },
    ]);
    expect(report.model).toEqual({ ...written.model, floatKernels: null });
    expect(readReport(writeReport(report), "again")).toEqual(report);
  });

  test("whose recipes did not say which preparation they are for opens, without parts of outputs and perplexity", () => {
    const start = { ...TUNING.start, ...BEFORE_PREPARATIONS };
    const recipe = { ...REPORT.recipe, ...BEFORE_PREPARATIONS };
    const model = { ...REPORT.model, floatKernels: null };
    const report = { ...REPORT, recipe, model, tuning: { ...TUNING, start } };
    const written = JSON.parse(writeReport(report));
    for (const recipe of [written.recipe, written.tuning.start]) {
      for (const later of Object.keys(BEFORE_PREPARATIONS)) delete recipe[later];
      delete recipe.inputs.state;
    }
    for (const judged of [written.evaluation, ...written.tuning.points]) delete judged.perplexity;
    for (const output of written.evaluation.outputs) delete output.parts;
    delete written.model.floatKernels;
    expect(readReport(JSON.stringify(written), "old.report.json")).toEqual(report);
    delete written.evaluation.outputs[0].mse;
    expect(() => readReport(JSON.stringify(written), "r")).toThrow('"evaluation.outputs[0].mse" is missing');
    const half = JSON.parse(writeReport(report));
    delete half.evaluation.outputs[0].parts;
    expect(() => readReport(JSON.stringify(half), "r")).toThrow('"evaluation.outputs[0].parts" is missing');
  });
});
