import { expect, test } from "vitest";
import type { Notice } from "../../engine/model/job.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { dataNotices } from "./data.ts";
import { begin } from "./history.ts";
import type { OpenData } from "./slices/project.ts";

const assumed: Notice = { kind: "warning", subject: "image", message: "imagenet is assumed" };
const label: Notice = { kind: "warning", subject: "a.csv", message: "one label has no file" };
const preprocess = { scale: 1 } as Preprocess;
const data = { summary: { preprocess, assumed, notices: [label, assumed] } } as unknown as OpenData;
const recipe = (chosen: Preprocess) => begin({ preprocess: chosen } as Recipe);

test("that a preprocessing is assumed is said until another is chosen", () => {
  expect(dataNotices({ data, recipe: recipe({ ...preprocess }) })).toEqual([label, assumed]);
  const state = { data, recipe: recipe({ ...preprocess, scale: 2 }) };
  expect(dataNotices(state)).toEqual([label]);
  expect(dataNotices(state)).toBe(dataNotices(state));
});
