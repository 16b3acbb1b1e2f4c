import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { needsShared } from "../testing/shared.ts";
import type { OpenModel } from "./open.ts";
import { exportedHash, HASHES, openRecorded, recordedRecipe, recordedRecipes, SAMPLE } from "./testing/recorded.ts";

const hashes: Record<string, Record<string, string>> = JSON.parse(readFileSync(HASHES, "utf8"));

describe("recorded recipes export the bytes that they did", () => {
  for (const [model, wanted] of Object.entries(hashes)) {
    it(model, model === SAMPLE ? {} : needsShared, async () => {
      const found: Record<string, string> = {};
      const opened = new Map<string, OpenModel>();
      for (const kind of recordedRecipes().get(model) ?? []) {
        const recipe = recordedRecipe(model, kind);
        const inputs = JSON.stringify(recipe.inputs);
        if (!opened.has(inputs)) opened.set(inputs, await openRecorded(model, recipe.inputs));
        found[kind] = exportedHash(opened.get(inputs)!, recipe);
      }
      expect(found).toEqual(wanted);
    });
  }
});
