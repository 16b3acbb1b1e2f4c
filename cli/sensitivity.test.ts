import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 9);
});
afterAll(() => rmSync(folder, { recursive: true }));

const measure = (...options: string[]) =>
  octet("sensitivity", model, "--data", data, "--preprocess", "unit", ...options);

describe("octet sensitivity", () => {
  it("gives every layer's errors and the walk, and says which samples it read", async () => {
    const { code, json } = await measure("--samples", "4", "--elementwise", "join", "--json");
    expect(code).toBe(0);
    const { sensitivity, walk, culprits, split, recipe } = json();
    expect(split).toEqual({ calibration: [0, 4], measurement: [0, 4] });
    expect(sensitivity).toMatchObject({ samples: 4, wanted: 4, labelled: 4, all: { drop: 0 } });
    expect(sensitivity.layers.map(({ layer }: { layer: string }) => layer)).toEqual(["classify", "pool"]);
    const [conv, pool] = sensitivity.layers;
    expect(conv.alone.sqnr).toBeLessThan(conv.weights.sqnr);
    expect(conv.alone.sqnr).toBeLessThan(60);
    expect(pool.weights).toBeNull();
    expect(pool.activations).toEqual(pool.alone);
    expect(walk.steps.map(({ layer }: { layer: string }) => layer)).toEqual(["classify", "pool", "flatten"]);
    expect(recipe.resolved).not.toBeNull();
    expect(culprits).toMatchObject({ list: [], samples: { sensitivity: 4, walk: 4 } });
  });

  it("prints the layers by a metric, the worst first", async () => {
    const { stdout } = await measure("--samples", "3", "--elementwise", "join", "--metric", "mse");
    expect(stdout).toMatch(/^2 layers on 3 samples .*the first 3 samples calibrated and measured\nMSE of the outputs/);
    const rows = stdout.split("\n").filter((line) => /^ {2}(classify|pool) +#/.test(line));
    const costs = rows.map((row) => Number(row.trim().split(/\s+/)[2]!.replaceAll("−", "-")));
    expect(costs).toHaveLength(2);
    expect(costs[0]).toBeGreaterThanOrEqual(costs[1]!);
    expect(stdout).toContain("no culprits: no layer stands out");
  });

  it("takes the ranges of a recipe as they are", async () => {
    const out = join(folder, "out");
    await octet("quantize", model, "--data", data, "--preprocess", "unit", "--samples", "5", "--out", out);
    const { json } = await measure("--samples", "2", "--recipe", join(out, "colours.recipe.json"), "--json");
    expect(json().split).toEqual({ calibration: null, measurement: [0, 2] });
  });

  it("refuses what makes no sense", async () => {
    expect(errorOf(await octet("sensitivity", model))).toBe("sensitivity needs --data PATH.");
    expect(errorOf(await measure("--metric", "accuracy"))).toMatch(/--metric takes one of sqnr, mse, kl, cosine, drop/);
    const one = join(data, "3.png");
    const unlabelled = await octet("sensitivity", model, "--data", one, "--preprocess", "unit", "--metric", "drop");
    expect(errorOf(unlabelled)).toMatch(/has a label, which --metric drop needs/);
  });
});
