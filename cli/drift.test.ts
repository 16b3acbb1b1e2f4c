import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;
let cache: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 24);
  const out = join(folder, "out");
  const given = ["--data", data, "--preprocess", "unit", "--order", "path", "--samples", "12", "--out", out];
  expect((await octet("quantize", model, ...given)).code).toBe(0);
  cache = join(out, "colours.calibration.json");
});
afterAll(() => rmSync(folder, { recursive: true }));

const drift = (...options: string[]) => octet("drift", model, "--cache", cache, ...options);

/** A copy of the cache with other members, and no recipe beside it. */
function altered(name: string, change: object): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(cache, "utf8")), ...change }));
  return path;
}

describe("octet drift", () => {
  it("finds the rest of the same data fine, under the ranges of the recipe beside the cache", async () => {
    const { code, json, stderr } = await drift("--data", data, "--skip", "12", "--json");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const result = json();
    expect(result).toMatchObject({ verdict: "fine", samples: { calibrated: 12, seen: 12, skipped: 0 } });
    const { resolved } = JSON.parse(readFileSync(join(folder, "out", "colours.recipe.json"), "utf8"));
    const [input] = result.tensors;
    expect(input.tensor).toBe("picture");
    expect(input.range.high).toBeCloseTo(resolved.picture.high, 6);
    expect(input.kl).toBeLessThan(0.25);
  });

  it("says that tensors of another scale are other data, with exit code 1, and the table for a person", async () => {
    const values = new Float32Array(12 * 192).map((_, i) => (i * 37) % 256);
    const { npyBytes } = await import("../src/engine/data/testing/files.ts");
    const raw = put(folder, "raw.npy", npyBytes("<f4", [12, 3, 8, 8], new Uint8Array(values.buffer)));
    const { code, stdout } = await drift("--data", raw, "--limit", "other-data");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^other data: The values of \w+ have moved by a KL of/);
    expect(stdout).toContain("12 new samples beside 12 that calibrated");
  });

  it("refuses samples that calibrated, and says how to leave them out", async () => {
    const outcome = await drift("--data", data);
    expect(outcome.code).toBe(2);
    expect(errorOf(outcome)).toContain("--skip 12");
  });

  it("refuses another model's cache, one of scaled channels without its recipe, and pictures beside one of tensors", async () => {
    const other = altered("other", { model: { name: "ships", sha256: "ab".repeat(32) } });
    expect(errorOf(await octet("drift", model, "--cache", other, "--data", data))).toContain("ships, another model");
    const scaled = altered("scaled", { equalized: true });
    expect(errorOf(await octet("drift", model, "--cache", scaled, "--data", data))).toContain("--recipe");
    const tensors = altered("tensors", { preprocess: null, prints: null });
    expect(errorOf(await octet("drift", model, "--cache", tensors, "--data", data))).toContain("give tensors");
  });
});
