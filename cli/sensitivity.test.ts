import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

describe("octet sensitivity --shard", () => {
  const OF = 3;
  const at = (name: string) => fileURLToPath(new URL(`../public/sample/${name}`, import.meta.url));
  const measureSample = (...options: string[]) =>
    octet(
      ...["sensitivity", at("fashion-mnist-dw.onnx"), "--data", at("evaluation-images-idx3-ubyte.gz")],
      ...["--labels", at("evaluation-labels-idx1-ubyte.gz"), "--preprocess", "unit", "--metric", "drop", ...options],
    );
  const shard = (index: number, of = OF) =>
    join(folder, "parts", `fashion-mnist-dw.${index}-of-${of}.sensitivity.json`);
  const measureShard = (part: string, ...options: string[]) =>
    measureSample("--samples", "6", "--shard", part, "--out", join(folder, "parts"), ...options);

  beforeAll(async () => {
    for (let index = 1; index <= OF; index++) expect((await measureShard(`${index}/${OF}`)).code).toBe(0);
  });

  it("measures parts of the layers that octet merge makes what one run measures of, to the bit", async () => {
    const whole = (await measureSample("--samples", "6", "--json")).json();
    const { code, stdout, json } = await octet("merge", shard(3), shard(1), shard(2), "--json");
    expect(code, stdout).toBe(0);
    const untimed = ({ sensitivity: { seconds, ...sensitivity }, culprits, ...rest }: ReturnType<typeof json>) => {
      return { sensitivity, ...rest };
    };
    expect(untimed(json())).toEqual(untimed(whole));
    expect(whole.sensitivity.layers.length).toBeGreaterThan(10);
    expect(whole.sensitivity.reliability).toBeGreaterThan(0.5);
    const layers = [1, 2, 3].map((index) => JSON.parse(readFileSync(shard(index), "utf8")).sensitivity.layers.length);
    expect(Math.max(...layers) - Math.min(...layers)).toBeLessThanOrEqual(1);
    expect((await octet("merge", shard(1), shard(2), shard(3))).stdout).toContain("drop of top-1 in points");
  });

  it("refuses what is no whole measurement, and names the shard", async () => {
    expect(errorOf(await octet("merge", shard(1), shard(3)))).toBe(
      "Shard 2 of 3 is missing; give every shard of the measurement.",
    );
    expect(errorOf(await octet("merge", shard(1), shard(1), shard(2), shard(3)))).toMatch(/both shard 1 of 3, .*twice/);
    await measureShard("3/3", "--samples", "5", "--out", join(folder, "fewer"));
    const fewer = shard(3).replace("parts", "fewer");
    expect(errorOf(await octet("merge", shard(1), shard(2), fewer))).toContain("is of other samples than");
    await measureShard("3/3", "--method", "minmax", "--out", join(folder, "otherwise"));
    const otherwise = shard(3).replace("parts", "otherwise");
    expect(errorOf(await octet("merge", shard(1), shard(2), otherwise))).toContain("is of another recipe");
    await octet("calibrate", model, "--data", data, "--preprocess", "unit", "--shard", "1/2", "--out", folder);
    const calibrated = join(folder, "colours.1-of-2.shard.json");
    expect(errorOf(await octet("merge", shard(1), calibrated))).toMatch(/is a shard of a calibration and .* apart\.$/);
  });

  it("refuses more shards than layers, and folders that nothing is written to", async () => {
    expect(errorOf(await measureShard("1/99"))).toMatch(/^\d\d layers cannot be cut into 99 shards; take \d\d shards/);
    expect(errorOf(await measureSample("--out", folder))).toContain("--out and --encrypt are for what --shard writes");
    const printed = await octet("merge", shard(1), shard(2), shard(3), "--out", folder);
    expect(errorOf(printed)).toContain("--out and --encrypt are for a calibration");
  });
});
