import { expect, test } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { Views } from "./views.ts";

const SIDE = 8;
const BYTES = 4 * 3 * SIDE * SIDE;
const preprocess = { layout: "NCHW" } as NonNullable<Recipe["preprocess"]>;

/** Pictures that hold their own number. */
const pictures = (length: number): Dataset => ({
  ...{ length, labels: null, notices: [] },
  sourceOf: String,
  async get(index) {
    const data = new Float32Array(BYTES / 4).fill(index);
    return { feeds: new Map([["x", { type: "float32", dims: [1, 3, SIDE, SIDE], data }]]), label: null, source: "" };
  },
});

const within = async (bytes: number, recipe: Recipe = { ...PLAIN_RECIPE, preprocess }) => {
  const views = new Views(pictures(20), 20, recipe, new AbortController().signal);
  const { taught, held } = await views.within(bytes);
  const numbers = (feeds: typeof taught) => feeds.map((each) => each.get("x")!.data[0]);
  return { taught: numbers(taught), held: numbers(held), all: [views.samples, views.held] };
};

test("where there is room for all, those that teach are there four times, those held out once", async () => {
  const { taught, held, all } = await within(1e9);
  expect([taught.length, held, all]).toEqual([64, [16, 17, 18, 19], [20, 4]]);
  expect(taught.slice(0, 16)).toEqual(taught.slice(16, 32));
});

test("where there is not, crops go first, then samples, and one in five of what is left is held out", async () => {
  const some = await within(30 * BYTES);
  expect([some.taught.length, some.held.length]).toEqual([26, 4]);
  const few = await within(10 * BYTES);
  expect([few.taught, few.held]).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7],
    [16, 17],
  ]);
  const none = await within(1);
  expect([none.taught, none.held]).toEqual([[0], [16]]);
});

test("what is no picture is seen once", async () => {
  const { taught } = await within(1e9, { ...PLAIN_RECIPE, preprocess: null });
  expect(taught).toHaveLength(16);
});
