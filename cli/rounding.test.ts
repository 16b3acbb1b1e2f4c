import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LayerRounding } from "../src/engine/model/rounding.ts";
import { scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const sample = (name: string) => fileURLToPath(new URL(`../public/sample/${name}`, import.meta.url));
const MODEL = sample("fashion-mnist-dw.onnx");
const DATA = sample("calibration-images-idx3-ubyte.gz");
const ALONE = ["--weights", "s4", "--activations", "float", "--bias-correction", "none", "--preprocess", "unit"];

let folder: string;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => rmSync(folder, { recursive: true }));

it("learns rounding, tells each layer's error before and after, and keeps it in the recipe", async () => {
  const out = join(folder, "learned");
  const options = ["--rounding", "learned", "--iterations", "20", "--samples", "12", "--out", out];
  const outcome = await octet("quantize", MODEL, "--data", DATA, ...ALONE, ...options, "--json");
  expect(outcome.stderr).not.toMatch(/^octet: /m);
  const { rounding, recipe } = outcome.json();
  expect(rounding).toMatchObject({ samples: 12, iterations: 20, learner: expect.stringMatching(/^tfjs .*, WASM$/) });
  expect(rounding.layers.length).toBeGreaterThan(3);
  for (const { layer, nearest, learned } of rounding.layers as LayerRounding[]) {
    expect(learned).toBeLessThanOrEqual(nearest);
    expect(outcome.stderr).toContain(`Learning rounding of ${layer}, layer `);
  }
  expect(Object.keys(recipe.rounding)).toHaveLength(rounding.layers.length);

  const again = join(folder, "again");
  const recipeFile = join(out, "fashion-mnist-dw.recipe.json");
  const reused = await octet("quantize", MODEL, "--recipe", recipeFile, "--out", again, "--json");
  expect(reused.json()).toMatchObject({ rounding: null, recipe: { rounding: recipe.rounding } });
  expect(readdirSync(again)).toContain("fashion-mnist-dw.int4.onnx");
});

it("is nothing that a search does at every step", async () => {
  const outcome = await octet("tune", MODEL, "--data", DATA, "--min-sqnr", "20", "--rounding", "learned");
  expect(outcome.code).toBe(2);
  expect(errorOf(outcome)).toMatch(/^tune rounds weights to nearest/);
});

it("is learned for sensitivity too, where the recipe asks for it", async () => {
  const options = [...ALONE, "--rounding", "learned", "--samples", "4", "--json"];
  const { recipe } = (await octet("sensitivity", MODEL, "--data", DATA, ...options)).json();
  expect(Object.keys(recipe.rounding).length).toBeGreaterThan(3);
});
