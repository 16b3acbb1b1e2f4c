import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Probe } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import type { TunePoint } from "../../engine/model/tuning.ts";
import { withCorrections, withGranularity } from "../../engine/recipe/edits.ts";
import { begin } from "./history.ts";
import { isLast, standingSteps, startGains, takeStep } from "./remedySteps.ts";
import { acceptedSteps } from "./rescue.ts";
import type { OpenData } from "./slices/project.ts";
import type { Probed } from "./slices/results.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";
import { engine } from "./workers.ts";

vi.mock("./workers.ts", () => ({ engine: { ask: vi.fn() } }));
const ask = vi.mocked(engine.ask);

const START: Recipe = withGranularity({ ...PLAIN_RECIPE, resolved: {} }, "tensor");
const data = { fingerprint: "f", summary: { samples: 100 } } as unknown as OpenData;
const perChannel = (recipe: Recipe) => withGranularity(recipe, "channel");
const equalized = (recipe: Recipe) => withCorrections(recipe, { equalization: true });
const probe = (sqnr: number) => ({ samples: 16, sqnr, drop: 0 }) as Probe;
const recipeNow = () => studio.getState().project.recipe!;
const standing = () => standingSteps(studio.getState().results.remedySteps, recipeNow());

let stop: () => void;

beforeEach(() => {
  ask.mockReset();
  fresh();
  given({ recipe: begin(START), data, samples: 40 });
  stop = startGains();
});
afterEach(() => stop());

function probed(sqnr: number): void {
  const last = studio.getState().results.probed;
  const basis = { data: "f", samples: 40 } as unknown as Probed["basis"];
  actions.probeFinished({ result: probe(sqnr), recipe: recipeNow().present, basis, before: last?.result ?? null });
}

test("steps are taken one after the other, only the last is undone, and one undone is listed no more until it is redone", () => {
  takeStep("channel", null, perChannel);
  takeStep("equalize", "conv", equalized);
  expect(standing().map(({ label, layer }) => [label, layer])).toEqual([
    ["channel", null],
    ["equalize", "conv"],
  ]);
  expect(standing().map((step) => isLast(step, recipeNow()))).toEqual([false, true]);
  actions.recipeUndone();
  expect(standing().map(({ label }) => label)).toEqual(["channel"]);
  expect(isLast(standing()[0]!, recipeNow())).toBe(true);
  actions.recipeRedone();
  expect(standing()).toHaveLength(2);
  actions.recipeUndone();
  actions.recipeUndone();
  expect(recipeNow().present).toBe(START);
  takeStep("equalize first", null, equalized);
  expect(standing().map(({ label }) => label)).toEqual(["equalize first"]);
});

test("what changes nothing is no step, and settling the recipe takes none away", () => {
  takeStep("nothing", null, (recipe) => recipe);
  expect(standing()).toEqual([]);
  takeStep("channel", null, perChannel);
  actions.recipeSettled({ ...recipeNow().present, resolved: { a: { low: 0, high: 1 } } });
  expect(standing()).toHaveLength(1);
});

test("the gain of the last step is what was measured before and after it on the same samples", async () => {
  probed(-0.6);
  takeStep("channel", null, perChannel);
  probed(23.5);
  await vi.waitFor(() => expect(standing()[0]!.gain).not.toBeNull());
  expect(standing()[0]!.gain).toMatchObject({ sqnr: [-0.6, 23.5], samples: 16 });
  expect(standing()[0]!.gain!.on).toBe("16 samples that did not calibrate");
  expect(ask).not.toHaveBeenCalled();
});

test("what nobody measured before the step is measured then", async () => {
  ask.mockResolvedValueOnce(probe(5));
  takeStep("channel", null, perChannel);
  probed(23.5);
  await vi.waitFor(() => expect(standing()[0]!.gain?.sqnr).toEqual([5, 23.5]));
});

test("the steps of a rescue are the points on the way to the best one, each with the one it was made at", () => {
  const channel = { kind: "remedy", remedy: { kind: "granularity", granularity: "channel" } } as const;
  const float = { kind: "float", layers: ["conv"] } as const;
  const equalize = { kind: "remedy", remedy: { kind: "equalization" } } as const;
  const points = ([[], [equalize], [channel], [channel, float], [channel, equalize]] as const).map(
    (decisions, at) => ({ decisions, label: String(at) }) as unknown as TunePoint,
  );
  expect(acceptedSteps({ points, best: 3 }).map(([from, to]) => [from.label, to.label])).toEqual([
    ["0", "2"],
    ["2", "3"],
  ]);
  expect(acceptedSteps({ points, best: 0 })).toEqual([]);
});
