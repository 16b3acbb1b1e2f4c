import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { withLearnedRounding, withRounding, withWeightType } from "../../engine/recipe/edits.ts";
import { startPassing } from "./alerts.ts";
import { begin } from "./history.ts";
import { alarm, alarmUntil, caution } from "./log.ts";
import type { OpenData } from "./slices/project.ts";
import { studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

const alerts = () => studio.getState().work.alerts.map(({ message }) => message);
const log = () => studio.getState().work.log.map(({ text }) => text);
let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  fresh();
  stop = startPassing();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test("what waits for something goes away once that is there, and stays in the log; an error stays until it is dismissed", () => {
  alarm("The file is broken.");
  alarmUntil("samples", "Measuring needs the samples.");
  given({ samples: 4 });
  expect(alerts()).toEqual(["The file is broken.", "Measuring needs the samples."]);
  given({ data: { summary: { samples: 4 } } as OpenData });
  expect(alerts()).toEqual(["The file is broken."]);
  expect(log()).toContain("Measuring needs the samples.");
  alarmUntil("samples to judge", "Every sample calibrates.");
  expect(alerts()).toHaveLength(2);
  given({ samples: 3 });
  expect(alerts()).toEqual(["The file is broken."]);
  vi.advanceTimersByTime(3_600_000);
  expect(alerts()).toEqual(["The file is broken."]);
});

test("what rounding is awaited goes away once it is learned", () => {
  const recipe = withRounding(withWeightType(PLAIN_RECIPE, "int4"), "learned", null);
  given({ recipe: begin(recipe) });
  alarmUntil("nothing awaited", "The recipe asks for learned rounding.");
  expect(alerts()).toHaveLength(1);
  given({ recipe: begin(withLearnedRounding(recipe, { rounding: { a: "AQ==" }, biases: {}, prints: "AAAAAAAA" })) });
  expect(alerts()).toEqual([]);
});

test("what only informs goes away after a time", () => {
  caution("The model is large.");
  vi.advanceTimersByTime(10_000);
  expect(alerts()).toEqual(["The model is large."]);
  vi.advanceTimersByTime(30_000);
  expect(alerts()).toEqual([]);
  expect(log()).toEqual(["The model is large."]);
});
