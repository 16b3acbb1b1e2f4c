import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCalibration, writeCalibration } from "../src/engine/artifacts/cache.ts";
import { readRecipe, writeRecipe } from "../src/engine/artifacts/recipe.ts";
import { readReport, writeReport } from "../src/engine/artifacts/report.ts";
import * as arbitrary from "../src/engine/artifacts/testing/arbitrary.ts";
import { arbitraryReport } from "../src/engine/artifacts/testing/arbitraryReport.ts";
import { REPORT, TUNING } from "../src/engine/artifacts/testing/report.ts";
import { BEFORE_PREPARATIONS } from "../src/engine/model/past/recipe.ts";
import { withFlag } from "../src/engine/model/testing/olderRecipe.ts";
import { documentSchema } from "./documentSchemas.ts";

const KINDS = ["recipe", "calibration", "report", "shard", "sensitivity-shard", "signature"] as const;
const RECORDED = new URL("../src/engine/job/testing/recorded/", import.meta.url);

function validator(kind: (typeof KINDS)[number]) {
  return new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(documentSchema(kind)));
}

test.each(KINDS)("docs/schemas has the JSON Schema of a %s as it is; npm run schemas writes it", (kind) => {
  const committed = readFileSync(new URL(`../docs/schemas/${kind}.schema.json`, import.meta.url), "utf8");
  expect(committed).toBe(documentSchema(kind));
});

test("every recorded recipe is written as it was, with what came since, and then conforms", () => {
  const validate = validator("recipe");
  const files = readdirSync(RECORDED).filter((file) => file.endsWith(".recipe.json.gz"));
  expect(files.length).toBeGreaterThan(60);
  for (const file of files) {
    const text = gunzipSync(readFileSync(new URL(file, RECORDED))).toString();
    const written = writeRecipe(readRecipe(text, file));
    validate(JSON.parse(written));
    expect(validate.errors).toBeNull();
    const today = JSON.parse(written);
    const recipe = "activations" in JSON.parse(text).float ? withFlag(today) : today;
    if (!("preparation" in JSON.parse(text))) {
      expect(recipe).toMatchObject(BEFORE_PREPARATIONS);
      for (const later of Object.keys(BEFORE_PREPARATIONS)) delete recipe[later];
      delete recipe.inputs.state;
    }
    expect(JSON.stringify(recipe)).toBe(JSON.stringify(JSON.parse(text)));
  }
});

test("every report conforms", () => {
  const validate = validator("report");
  fc.assert(
    fc.property(arbitraryReport, (report) => {
      validate(JSON.parse(writeReport(report)));
      expect(validate.errors).toBeNull();
    }),
  );
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

/** A copy of a document in which one member is otherwise. */
function damaged(document: object, path: Path, damage: (around: Record<string, unknown>, key: string) => void): object {
  const copy = structuredClone(document);
  let around = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) around = around[key] as Record<string, unknown>;
  damage(around, String(path.at(-1)));
  return copy;
}

const DAMAGES: readonly ((around: Record<string, unknown>, key: string) => void)[] = [
  (around, key) => (Array.isArray(around) ? around.splice(Number(key), 1, null) : delete around[key]),
  (around, key) => Object.assign(around, { [key]: { octet: 1 } }),
  (around, key) => Object.assign(around, { [key]: [true] }),
  (around, key) => Object.assign(around, { [key]: "2" }),
  (around, key) => Object.assign(around, { [key]: null }),
  (around) => (Array.isArray(around) ? around.push({ octet: 1 }) : Object.assign(around, { octet: {} })),
];

describe("reader and JSON Schema agree on what is wrong", () => {
  const documents: readonly [(typeof KINDS)[number], object, (text: string, file: string) => unknown][] = [
    ...fc
      .sample(arbitrary.recipe, { numRuns: 5, seed: 1 })
      .map((recipe) => ["recipe", JSON.parse(writeRecipe(recipe)), readRecipe] as const),
    ...fc
      .sample(arbitrary.calibration, { numRuns: 3, seed: 2 })
      .map((calibration) => ["calibration", JSON.parse(writeCalibration(calibration, "t")), readCalibration] as const),
    ["report", JSON.parse(writeReport({ ...REPORT, tuning: TUNING })), readReport],
  ].map(([kind, document, read]) => [kind, document, read] as never);

  test.each(documents)("a %s", (kind, document, read) => {
    const validate = validator(kind);
    const accepts = (text: string) => {
      try {
        read(text, "file");
        return true;
      } catch {
        return false;
      }
    };
    const paths = pathsOf(document).filter((path) => path.length > 0 && path.at(-1) !== "__proto__");
    let refused = 0;
    for (const path of paths.filter((_, i) => i % Math.ceil(paths.length / 400) === 0)) {
      for (const damage of DAMAGES) {
        const wrong = damaged(document, path, damage);
        const accepted = accepts(JSON.stringify(wrong));
        if (!accepted) refused++;
        expect([path, validate(JSON.parse(JSON.stringify(wrong)))]).toEqual([path, accepted]);
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
