import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClipFigures } from "../../engine/model/range.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { moveHandle, nudgeHandle, placeHandle, rangeIn, stepHandle } from "./handles.ts";
import { begin } from "./history.ts";
import type { OpenModel } from "./slices/project.ts";
import { studio } from "./store.ts";
import { given } from "./testing/given.ts";

const RECIPE: Recipe = { ...PLAIN_RECIPE, method: "mse" };

const range = fc.record({
  low: fc.double({ min: -100, max: 0, noNaN: true }),
  high: fc.double({ min: 0, max: 100, noNaN: true }),
});
const FREE = { symmetric: false, bounds: null };
const MIRRORED = { symmetric: true, bounds: null };
const handle = fc.constantFrom("low" as const, "high" as const);

test("no handle crosses zero, wherever it is dragged", () => {
  fc.assert(
    fc.property(
      range,
      handle,
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.boolean(),
      (start, which, to, symmetric) => {
        const moved = moveHandle(start, which, to, { symmetric, bounds: null });
        expect(moved.low).toBeLessThanOrEqual(0);
        expect(moved.high).toBeGreaterThanOrEqual(0);
        if (symmetric) expect(moved.low).toBe(-moved.high);
      },
    ),
  );
});

test("moving one handle leaves the other of an asymmetric range", () => {
  expect(moveHandle({ low: -1, high: 6 }, "high", 4, FREE)).toEqual({ low: -1, high: 4 });
  expect(stepHandle({ low: 0, high: 1.28 }, "high", 1, FREE).high).toBeCloseTo(1.29);
  expect(stepHandle({ low: -1.28, high: 1.28 }, "low", -1, MIRRORED)).toEqual({ low: -1.3, high: 1.3 });
});

test("no handle goes where a Relu or Clip before the tensor lets nothing through", () => {
  const bounds = { low: 0, high: 6 };
  expect(moveHandle({ low: 0, high: 5 }, "high", 7, { symmetric: false, bounds })).toEqual({ low: 0, high: 6 });
  expect(moveHandle({ low: 0, high: 5 }, "low", -1, { symmetric: false, bounds })).toEqual({ low: 0, high: 5 });
  expect(moveHandle({ low: -5, high: 5 }, "low", -9, { symmetric: true, bounds })).toEqual({ low: -6, high: 6 });
});

function open(present: Partial<Recipe>): void {
  const recipe = { ...RECIPE, ...present };
  const figures = { range: { low: -1.28, high: 1.28 } } as ClipFigures;
  given({
    recipe: begin(recipe),
    model: {
      plan: { groups: [{ id: "a", members: ["a"], fixed: null, bounds: null, least: null, whole: false }] },
    } as unknown as OpenModel,
    overview: new Map([["a", { group: "a", source: "mse", type: "uint8", figures, nonFinite: 0, spark: [] }]]),
  });
}

test("every press starts from the range of the moment, though nothing was drawn or estimated in between", () => {
  open({ resolved: { a: { low: -1.28, high: 1.28 } } });
  for (let press = 0; press < 9; press++) nudgeHandle("low", 10, "a");
  expect(studio.getState().project.recipe?.present.ranges.a).toEqual({ low: 0, high: 1.28 });
  expect(studio.getState().project.recipe?.present.resolved?.a).toEqual({ low: 0, high: 1.28 });

  open({ resolved: null });
  nudgeHandle("high", -10, "a");
  placeHandle("low", -0.5, "a");
  nudgeHandle("low", 10, "a");
  const { low, high } = studio.getState().project.recipe!.present.ranges.a!;
  expect(high).toBeCloseTo(1.28 - 0.2, 9);
  expect(low).toBeCloseTo(-0.5 + (10 * (0.5 + high)) / 128, 9);
});

test("a range is shown mirrored under a symmetric scheme, though a Relu keeps one side of it empty", () => {
  const symmetric = { ...RECIPE, activations: { type: "int8", symmetric: true } as const };
  expect(rangeIn({ ...symmetric, resolved: { a: { low: 0, high: 6 } } }, "a")).toEqual({ low: -6, high: 6 });
  expect(rangeIn(RECIPE, "constructor")).toBeNull();
});
