import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Probe } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { begin, edit } from "./history.ts";
import { probeIsStale, startProbes } from "./probe.ts";
import type { OpenData } from "./slices/project.ts";
import type { Job } from "./slices/work.ts";
import { studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";
import { engine } from "./workers.ts";

vi.mock("./workers.ts", () => ({ engine: { ask: vi.fn() } }));
const ask = vi.mocked(engine.ask);

const recipe = (high: number): Recipe => ({ ...PLAIN_RECIPE, resolved: { a: { low: 0, high } } });
const probe = (sqnr: number) => ({ samples: 16, sqnr }) as Probe;
const data = { fingerprint: "f", summary: { samples: 100 } } as unknown as OpenData;

/** A question to the engine that is answered by hand. */
function pending() {
  const question = { resolve: (_: Probe) => {}, reject: (_: Error) => {} };
  ask.mockReturnValueOnce(new Promise((resolve, reject) => Object.assign(question, { resolve, reject })));
  return question;
}

function change(high: number): void {
  given({ recipe: edit(studio.getState().project.recipe!, recipe(high), "range", 0) });
}

let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  ask.mockReset();
  fresh();
  stop = startProbes();
  given({ recipe: begin(recipe(1)), calibration: {} as Calibration, data, samples: 40 });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

/** Rests long enough for a measurement to be asked for. */
const rest = () => vi.advanceTimersByTimeAsync(1000);

test("a run of changes is measured once, and told against what was measured before", async () => {
  pending().resolve(probe(30));
  await rest();
  expect(studio.getState().results.probed).toMatchObject({ result: { sqnr: 30 }, before: null });

  pending().resolve(probe(28));
  for (const high of [2, 3, 4]) change(high);
  expect(probeIsStale(studio.getState())).toBe(true);
  await rest();
  expect(ask).toHaveBeenCalledTimes(2);
  expect(studio.getState().results.probed).toMatchObject({
    result: { sqnr: 28 },
    before: { sqnr: 30 },
    recipe: recipe(4),
  });
  expect(probeIsStale(studio.getState())).toBe(false);
  expect(studio.getState().work.probing).toBeNull();
});

test("what was open before anything was followed is measured, too", async () => {
  stop();
  vi.clearAllTimers();
  await rest();
  expect(ask).not.toHaveBeenCalled();
  pending().resolve(probe(30));
  stop = startProbes();
  await rest();
  expect(studio.getState().results.probed).toMatchObject({ result: { sqnr: 30 } });
});

test("the newest wins, whichever is answered last", async () => {
  const first = pending();
  await rest();
  const second = pending();
  change(2);
  await rest();
  second.resolve(probe(20));
  await rest();
  first.resolve(probe(10));
  await rest();
  expect(studio.getState().results.probed).toMatchObject({ result: { sqnr: 20 }, recipe: recipe(2) });
});

test("nothing is measured beside a job; what a job ended is measured after it", async () => {
  const ended = pending();
  await rest();
  given({ job: {} as Job });
  ended.reject(Object.assign(new Error("aborted"), { name: "AbortError" }));
  await rest();
  expect(studio.getState().work.probing).toBeNull();
  change(2);
  await rest();
  expect(ask).toHaveBeenCalledTimes(1);
  pending().resolve(probe(25));
  given({ job: null });
  await rest();
  expect(studio.getState().results.probed).toMatchObject({ result: { sqnr: 25 } });
});

test("nothing is measured when it is switched off, nothing is settled, or no sample is left", async () => {
  given({ measuring: false });
  await rest();
  given({ measuring: true, samples: 100 });
  await rest();
  given({ samples: 40, recipe: begin({ ...recipe(1), resolved: null }) });
  await rest();
  expect(ask).not.toHaveBeenCalled();
});

test("why a measurement failed is kept until the next", async () => {
  const failing = pending();
  await rest();
  failing.reject(new Error("Nothing in net would be quantized."));
  await rest();
  expect(studio.getState().work.probing).toMatchObject({ failure: "Nothing in net would be quantized." });
  pending().resolve(probe(25));
  change(2);
  await rest();
  expect(studio.getState().work.probing).toBeNull();
});
