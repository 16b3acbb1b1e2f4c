import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { classify } from "./document.ts";
import { readRecipe, writeRecipe } from "./recipe.ts";
import * as arbitrary from "./testing/arbitrary.ts";
import { REPORT } from "./testing/report.ts";

const read = (text: string) => readRecipe(text, "net.recipe.json");

describe("the recipe", () => {
  test("gives back what it was given", () => {
    fc.assert(
      fc.property(arbitrary.recipe, (recipe) => {
        expect(read(writeRecipe(recipe))).toEqual(recipe);
      }),
    );
  });

  test("has the same bytes whatever order its keys came in", () => {
    fc.assert(
      fc.property(arbitrary.recipe, (recipe) => {
        expect(writeRecipe(backwards(recipe) as Recipe)).toBe(writeRecipe(recipe));
      }),
    );
  });

  test("conforms to the published schema, and the schema refuses what the reader refuses", () => {
    const path = new URL("../../../docs/schemas/recipe.schema.json", import.meta.url);
    const validate = new Ajv2020().compile(JSON.parse(readFileSync(path, "utf8")));
    fc.assert(
      fc.property(arbitrary.recipe, fc.nat(), (recipe, seed) => {
        const document = JSON.parse(writeRecipe(recipe));
        validate(document);
        expect(validate.errors).toBeNull();
        // 4711 is a preparation, and a target and what smoothing came to may be left out.
        const spared = ["preparation", "target", "smoothed"];
        const keys = Object.keys(document).filter((name) => !spared.includes(name));
        const key = keys[seed % keys.length] as string;
        for (const damaged of [
          { ...document, [key]: undefined },
          { ...document, [key]: -4711 },
          { ...document, target: "board" },
          { ...document, preparation: [0, 1.5, "1", null][seed % 4] },
        ]) {
          const plain = JSON.parse(JSON.stringify(damaged));
          expect(validate(plain)).toBe(false);
          expect(() => read(JSON.stringify(plain))).toThrow(InputError);
        }
      }),
    );
  });
});

describe("a recipe that is wrong is refused by the name of the field", () => {
  const damage = (change: (document: Record<string, Record<string, unknown>>) => unknown) => {
    const document = JSON.parse(writeRecipe(REPORT.recipe));
    change(document);
    return () => read(JSON.stringify(document));
  };

  test.each<[string, () => unknown, string]>([
    [
      "a misspelt setting",
      damage((d) => (d.activation = {})),
      'net.recipe.json: "activation" is no field of the document',
    ],
    ["a deep one", damage((d) => (d.float!.layer = [])), '"layer" is no field of "float"; remove it or correct it'],
    [
      "a choice",
      damage((d) => (d.weights!.type = "int3")),
      '"weights.type" is "int3"; it must be "int8" or "uint8" or "int4" or "uint4" or "int2" or "uint2" or "nf4" or "codebook16" or "codebook256" or "float8".',
    ],
    [
      "learned rounding",
      damage((d) => (d.rounding = { conv: "no!" })),
      '"rounding["conv"]" is "no!"; it must be base64.',
    ],
    ["a method", damage((d) => (d.methods!.x = "auto")), '"methods["x"]" is "auto"'],
    ["a range", damage((d) => (d.ranges!.x = { low: 1, high: 0 })), '"ranges["x"]" is {"low":1,"high":0}'],
    ["half a range", damage((d) => (d.ranges!.x = { low: 1 })), '"ranges["x"].high" is missing; it must be a number.'],
    ["a name", damage((d) => (d.float!.layers = [3])), '"float.layers[0]" is 3; it must be a text.'],
    ["a shape", damage((d) => (d.inputs!.shapes = { x: [1, -3] })), '"inputs.shapes["x"][1]" is -3'],
    ["a preprocessing", damage((d) => (d.preprocess = {})), 'net.recipe.json: "preprocess": "resize" is missing'],
    ["an inherited key", damage((d) => (d.activations = {})), '"activations.type" is missing'],
  ])("%s", (_, reading, message) => {
    expect(reading).toThrow(InputError);
    expect(reading).toThrow(message);
  });
});

describe("a dropped JSON file", () => {
  test("is told apart by its kind", () => {
    expect(classify(writeRecipe(REPORT.recipe), "a.json")).toBe("recipe");
    expect(classify('{"kind": "octet-calibration"}', "a.json")).toBe("calibration");
  });

  test.each<[string, string | RegExp]>([
    ["", "a.json is empty"],
    ["\u0000{\u001b[31m\n", /^a\.json is not complete JSON \([^\p{Cc}]*\); copy or export it again\.$/u],
    ["hello\nworld", "a.json is not complete JSON"],
    ['{"kind": "octet-recipe",', "a.json is not complete JSON"],
    ["[1, 2]", "a.json is JSON but no object"],
    ["null", "a.json is JSON but no object"],
    ['{"name": "package"}', "a.json is JSON but neither an Octet recipe nor a calibration or report"],
  ])("%j is refused", (text, message) => {
    expect(() => classify(text, "a.json")).toThrow(InputError);
    expect(() => classify(text, "a.json")).toThrow(message);
    expect(() => classify(text, "a.json")).not.toThrow("\n");
  });
});

function backwards(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, backwards(member)]),
  );
}
