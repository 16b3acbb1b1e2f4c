import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;
const OF = 3;

const calibrate = (out: string, ...options: string[]) =>
  octet("calibrate", model, "--data", data, "--preprocess", "unit", "--out", join(folder, out), ...options);
const shard = (index: number) => join(folder, "shards", `colours.${index}-of-${OF}.shard.json`);
const merge = (...paths: string[]) => octet("merge", ...paths, "--out", join(folder, "merged"));

/** A copy of a shard in which its text is otherwise. */
function altered(index: number, from: string | RegExp, to: string): string {
  const text = readFileSync(shard(index), "utf8");
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  const path = join(folder, `altered-${index}.json`);
  writeFileSync(path, changed);
  return path;
}

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 11);
  put(data, "broken.png", "no picture");
  for (let index = 1; index <= OF; index++) {
    expect((await calibrate("shards", "--shard", `${index}/${OF}`)).code).toBe(0);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("octet merge", () => {
  it("makes of the shards, in any order, byte for byte what one run makes, which quantize takes", async () => {
    expect((await calibrate("whole")).code).toBe(0);
    const { code, json } = await octet(
      "merge",
      shard(3),
      shard(1),
      shard(2),
      "--out",
      join(folder, "merged"),
      "--json",
    );
    expect(code).toBe(0);
    expect(json()).toMatchObject({ shards: 3, samples: 11, skipped: 1 });
    const [whole, merged] = ["whole", "merged"].map((name) =>
      readFileSync(join(folder, name, "colours.calibration.json")),
    );
    expect(merged!.equals(whole!)).toBe(true);
    expect(merged!.toString()).toContain("broken.png");
    const given = ["--cache", join(folder, "merged", "colours.calibration.json"), "--out", join(folder, "out")];
    expect((await octet("quantize", model, ...given)).code).toBe(0);
  });

  it("refuses what is no whole calibration, and names the shard", async () => {
    expect(errorOf(await merge(shard(1), shard(3)))).toBe(
      "Shard 2 of 3 is missing; give every shard of the calibration.",
    );
    const beyond = altered(3, /"index": ?3/, '"index":4');
    expect(errorOf(await merge(shard(1), shard(2), shard(3), beyond))).toContain("is shard 4 of 3, which there is not");
    const endless = altered(1, /"of": ?3/, '"of":9007199254740991');
    expect(errorOf(await merge(endless))).toContain("does not hold the samples 0 to -1, which are those of shard 1 of");
    expect(errorOf(await merge(shard(1), shard(2), shard(2), shard(3)))).toMatch(/both shard 2 of 3, .*twice/);
    const cut = altered(3, /"observed": ?\[\d+, ?/, '"observed": [');
    expect(errorOf(await merge(shard(1), shard(2), cut))).toContain("does not hold the samples 8 to 11");
  });

  it.each([
    [/"sha256": ?"[0-9a-f]{64}"/, '"sha256":"00"', "another model"],
    [/"seed": ?0/, '"seed":1', "another order of samples"],
    [/"listing": ?"[^"]*"/, '"listing":"other"', "other samples"],
    [/"scale": ?0\.00392\d*/, '"scale":0.5', "preprocessed otherwise"],
    [/"equalized": ?false/, '"equalized":true', "scaled otherwise"],
    [/"threads": ?1/, '"threads":2', "number of threads"],
    [/"samples": ?12/, '"samples":13', "another number of samples"],
  ] as const)("refuses %s for what it is", async (from, to, why) => {
    expect(errorOf(await merge(shard(1), altered(2, from, to), shard(3)))).toContain(why);
  });

  it("refuses files that are no shards, and shards where a calibration is wanted", async () => {
    expect(errorOf(await merge(model))).toContain("colours.onnx");
    expect(errorOf(await octet("quantize", model, "--cache", shard(1)))).toContain(
      "is an Octet shard, not a calibration",
    );
  });
});

it("octet calibrate cuts no more shards than there are samples", async () => {
  expect(errorOf(await calibrate("none", "--shard", "1/13"))).toContain("take 12 shards at most");
  expect(errorOf(await calibrate("none", "--shard", "0/3"))).toContain("1/8 to 8/8");
});
