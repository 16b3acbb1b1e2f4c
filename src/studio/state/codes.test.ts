import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../engine/model/calibration.ts";
import type { CodeRequest, CodeSearch } from "../../engine/model/codeSearch.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import {
  withBlock,
  withFloat,
  withFormat,
  withMethod,
  withWeightAlgorithm,
  withWeightType,
} from "../../engine/recipe/edits.ts";
import { nothingIsAwaited } from "./awaited.ts";
import { chooseAlgorithm, codeSamples, codesAreAdopted, codesAreStale, findCodes, resumableCodes } from "./codes.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { asWanted, editRecipe, isSettled, withoutWaiting } from "./recipe.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { awaitedOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";
import { searchRecipes } from "./tune.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const job = vi.mocked(runJob);
const asked = (algorithm: "gptq" | "awq"): Recipe => {
  const blocks = withBlock(withWeightType(withFormat(PLAIN_RECIPE, "weights"), "uint4"), 32);
  return { ...withWeightAlgorithm(blocks, algorithm), resolved: {}, spared: {} };
};
const calibration = { wanted: 0, equalized: false, seed: null, preprocess: null } as Calibration;
const data = { files: [], summary: { samples: 40 }, fingerprint: "d" } as unknown as OpenData;
const found = (algorithm: "gptq" | "awq", ...names: string[]): CodeSearch => ({
  algorithm,
  ...(algorithm === "awq" && { inputScales: { x: [1, 2] } }),
  codes: Object.fromEntries(names.map((name) => [name, { codes: "QUI=", scales: "AACAPw==" }])),
  layers: names.map((layer) => ({ layer, weights: 4, plain: 0.2, found: 0.1, left: 0.5 })),
  ...{ wanted: 2, scaling: null, samples: 20, learner: "tfjs", seconds: 1, prints: "AAAAAAAABBBBBBBB" },
});
const present = () => studio.getState().project.recipe!.present;

/** Has the next run tell of some layers and then end as it does. */
function run(parts: readonly CodeSearch[], end: CodeSearch | null): CodeRequest[] {
  const requests: CodeRequest[] = [];
  job.mockImplementationOnce(async (plan) => {
    const find = async (_: unknown, request: CodeRequest, __: unknown, onFound: (part: CodeSearch) => void) => {
      requests.push(request);
      parts.forEach(onFound);
      return end;
    };
    return plan.run({ findCodes: find } as never, () => undefined);
  });
  return requests;
}

beforeEach(() => {
  job.mockReset();
  fresh();
  given({ model: { file: {} } as OpenModel, data, samples: 20, recipe: begin(asked("gptq")), calibration });
});

test("what is found goes into the recipe as one step of undo, and comes back when it is chosen again", async () => {
  expect(awaitedOf(present())).toBe("codes");
  run([], found("gptq", "a", "b"));
  await findCodes();
  expect(present()).toMatchObject({ codes: { a: { codes: "QUI=" } }, prints: "AAAAAAAABBBBBBBB" });
  expect(codesAreAdopted(studio.getState())).toBe(true);
  actions.recipeUndone();
  expect(present().codes ?? null).toBeNull();
  expect(codesAreAdopted(studio.getState())).toBe(false);
  chooseAlgorithm("hqq");
  expect([awaitedOf(present()), present().weights.algorithm]).toEqual([null, undefined]);
  expect(codesAreStale(studio.getState())).toBe(true);
  chooseAlgorithm("gptq");
  expect(codesAreAdopted(studio.getState())).toBe(true);
});

test("AWQ's scales of inputs go along, and do not make it stale", async () => {
  given({ recipe: begin(asked("awq")) });
  run([], found("awq", "a", "b"));
  await findCodes();
  expect(present()).toMatchObject({ inputScales: { x: [1, 2] }, codes: { b: {} } });
  expect(codesAreStale(studio.getState())).toBe(false);
  chooseAlgorithm("gptq");
  expect([present().inputScales, present().codes]).toEqual([undefined, null]);
  expect(awaitedOf(present())).toBe("codes");
});

test("a search that was ended keeps its layers and changes no recipe; the next goes on from them", async () => {
  run([found("gptq", "a")], null);
  await findCodes();
  expect(studio.getState().results.codes?.result).toEqual(found("gptq", "a"));
  expect(present()).toEqual(asked("gptq"));
  expect(resumableCodes(studio.getState())).toEqual(found("gptq", "a"));
  const requests = run([], found("gptq", "a", "b"));
  await findCodes();
  expect(requests).toEqual([{ samples: 20, resume: found("gptq", "a") }]);
  expect(resumableCodes(studio.getState())).toBeNull();
});

test("other samples begin anew, and more than 100 are not read", async () => {
  run([found("gptq", "a")], null);
  await findCodes();
  actions.codeSamplesChosen(8);
  expect(resumableCodes(studio.getState())).toBeNull();
  given({ samples: 400 });
  actions.codeSamplesChosen(400);
  expect(codeSamples(studio.getState())).toBe(100);
});

test("other blocks, types of layers or samples make it stale and take it out; a layer in float does not", async () => {
  run([], found("gptq", "a", "b"));
  await findCodes();
  editRecipe("float", (before) => withFloat(before, "layers", ["a"], true));
  expect(codesAreStale(studio.getState())).toBe(false);
  expect(present().codes).not.toBeNull();
  editRecipe("blocks", (before) => withBlock(before, 16));
  expect(codesAreStale(studio.getState())).toBe(true);
  expect(awaitedOf(present())).toBe("codes");
  actions.recipeUndone();
  expect(codesAreStale(studio.getState())).toBe(false);
  given({ data: { ...data, fingerprint: "other" } });
  expect(codesAreStale(studio.getState())).toBe(true);
});

test("a recipe whose weights changed while codes were found has none of them", async () => {
  job.mockImplementationOnce(async () => {
    editRecipe("blocks", (before) => withBlock(before, 16));
    return found("gptq", "a", "b");
  });
  await findCodes();
  expect(present()).toEqual(withBlock(asked("gptq"), 16));
  expect(studio.getState().work.log[0]?.text).toMatch(/changed meanwhile/);
});

test("while codes are awaited the rest is settled, and nothing is measured or searched", async () => {
  const settled = withoutWaiting({ ...asked("awq"), corrections: { equalization: false, bias: "empirical" } });
  expect([settled.weights.algorithm, settled.corrections.bias]).toEqual([undefined, "none"]);
  expect(asWanted(settled, asked("awq"))).toMatchObject(asked("awq"));
  expect(isSettled({ ...asked("awq"), corrections: { equalization: false, bias: "empirical" } }, calibration)).toBe(
    true,
  );
  expect(nothingIsAwaited(present())).toBe(false);
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/codes found on samples, which are not found yet/);
  await searchRecipes();
  expect(job).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/scales of least error/);
});

test("without samples, or where none are asked for, nothing is found, in a sentence", async () => {
  given({ data: null });
  await findCodes();
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/needs the samples/);
  given({ data, recipe: begin(withMethod(PLAIN_RECIPE, "mse")) });
  await findCodes();
  expect(job).not.toHaveBeenCalled();
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/asks for no codes/);
});

test("float16 and codes on activations have no codes found on samples", () => {
  for (const format of ["float16", "qdq", "dynamic"] as const) {
    expect(withFormat(asked("gptq"), format).weights.algorithm).toBeUndefined();
  }
  expect(withFormat(asked("gptq"), "q4f16").weights.algorithm).toBe("gptq");
});
