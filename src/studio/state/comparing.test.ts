import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { PreprocessFinding } from "../../engine/model/preprocessFinding.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { compareFirst, startComparing } from "./comparing.ts";
import { begin } from "./history.ts";
import { triedNow } from "./preprocess.ts";
import type { OpenData } from "./slices/project.ts";
import type { Job } from "./slices/work.ts";
import { studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";
import { engine } from "./workers.ts";

vi.mock("./workers.ts", () => ({ engine: { ask: vi.fn() } }));

const unit: Preprocess = {
  ...({ resize: null, crop: null, layout: "NCHW", color: "RGB", scale: 1 / 255, mean: [0], std: [1] } as const),
};
const used = (preprocess: Preprocess | null) => begin({ ...PLAIN_RECIPE, preprocess });
const assumed = { kind: "warning", subject: "x", message: "assumed" };
const dataOf = (preprocess: Preprocess | null, labelled: number, fingerprint = "f") =>
  ({
    fingerprint,
    summary: { samples: 90, labelled, preprocess, assumed: preprocess && assumed },
  }) as unknown as OpenData;
const inUse = { preset: null, preprocess: unit, logProbability: -1 };
const finding: PreprocessFinding = {
  ...{ by: "labels", samples: 64, trials: [inUse], inUse, better: null },
  ...{ isConfirmed: true, labelShift: 0, shifted: null },
};

const findPreprocess = vi.fn();
const api = { findPreprocess } as unknown as Parameters<typeof compareFirst>[0];
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  findPreprocess.mockReset().mockResolvedValue(finding);
  vi.mocked(engine.ask).mockImplementation((question) => question(api as never));
  fresh();
  stop = startComparing();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const rest = () => vi.advanceTimersByTimeAsync(1000);
const tried = () => triedNow(studio.getState());

test("pictures are compared once nothing runs, and again where the preprocessing is another", async () => {
  given({ job: {} as Job, recipe: used(unit), data: dataOf(unit, 90) });
  await rest();
  expect(findPreprocess).not.toHaveBeenCalled();
  given({ job: null });
  await rest();
  expect(findPreprocess.mock.calls.map(([choices, samples, beside]) => [choices, samples, beside])).toEqual([
    [{ preprocess: unit, seed: PLAIN_RECIPE.seed }, 90, true],
  ]);
  expect(tried()?.finding).toBe(finding);
  given({ job: {} as Job });
  given({ job: null });
  await rest();
  expect(findPreprocess).toHaveBeenCalledTimes(1);
  given({ recipe: used({ ...unit, scale: 1 }) });
  expect(tried()).toBeNull();
  await rest();
  expect(findPreprocess).toHaveBeenCalledTimes(2);
});

test("what a job ended is compared after it, and why it failed is kept", async () => {
  findPreprocess.mockRejectedValueOnce(Object.assign(new Error("aborted"), { name: "AbortError" }));
  given({ recipe: used(unit), data: dataOf(unit, 0) });
  await rest();
  expect([tried(), studio.getState().work.comparing]).toEqual([null, null]);
  findPreprocess.mockRejectedValueOnce(new Error("It does not run."));
  given({ job: {} as Job });
  given({ job: null });
  await rest();
  expect(tried()).toMatchObject({ finding: null, failure: "It does not run." });
  given({ job: {} as Job });
  given({ job: null });
  await rest();
  expect(findPreprocess).toHaveBeenCalledTimes(2);
});

test("arrays without labels have nothing to compare, and those with labels have these", async () => {
  given({ recipe: used(null), data: dataOf(null, 0) });
  await rest();
  expect(findPreprocess).not.toHaveBeenCalled();
  given({ data: dataOf(null, 3, "labelled") });
  await rest();
  expect(findPreprocess).toHaveBeenCalledTimes(1);
});

test("without labels only what was assumed is compared", async () => {
  given({ recipe: used({ ...unit, scale: 1 }), data: dataOf(unit, 0) });
  await rest();
  expect(findPreprocess).not.toHaveBeenCalled();
  given({ recipe: used(unit) });
  await rest();
  expect(findPreprocess).toHaveBeenCalledTimes(1);
});

test("before a verdict it is a job, where labels can tell and that was not done yet", async () => {
  stop();
  given({ recipe: used(unit), data: dataOf(unit, 0) });
  await compareFirst(api, studio.getState().project, () => undefined);
  expect(findPreprocess).not.toHaveBeenCalled();
  given({ data: dataOf(unit, 90) });
  await compareFirst(api, studio.getState().project, () => undefined);
  await compareFirst(api, studio.getState().project, () => undefined);
  expect(findPreprocess.mock.calls.map(([, , beside]) => beside)).toEqual([false]);
  expect(tried()?.finding).toBe(finding);
});

test("data that was open before anything was followed is compared, too", async () => {
  stop();
  vi.clearAllTimers();
  given({ recipe: used(unit), data: dataOf(unit, 90) });
  await rest();
  expect(findPreprocess).not.toHaveBeenCalled();
  stop = startComparing();
  await rest();
  expect(tried()?.finding).toBe(finding);
});
