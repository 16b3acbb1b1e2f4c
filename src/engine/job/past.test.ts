import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readRecipe } from "./documents.ts";
import { exportedHash, openRecorded, SAMPLE } from "./testing/recorded.ts";

test.each([
  ["1-first", "e80e1bad479f67ccb705b3cdce850e6945ff93a4dc9a894d36998da175029e75"],
  ["3-factors", "acaffa4c540efca8ee5fa38acadb571d2a0537789858a56e27a1e2d038bcd5e1"],
])("the recipe %s of an earlier version exports the file that it exported then", async (name, hash) => {
  const file = new URL(`../artifacts/testing/past/${name}.recipe.json.gz`, import.meta.url);
  const recipe = readRecipe(gunzipSync(readFileSync(file)).toString(), name);
  expect(exportedHash(await openRecorded(SAMPLE, recipe.inputs), recipe)).toBe(hash);
});
