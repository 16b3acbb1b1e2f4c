import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeReport } from "../src/engine/artifacts/report.ts";
import { REPORT } from "../src/engine/artifacts/testing/report.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let channel: string;
let tensor: string;

beforeAll(async () => {
  folder = scratch();
  const model = put(folder, "colours.onnx", modelBytes(colourModel()));
  const data = await putColours(folder, "photos", 6);
  const run = async (name: string, ...options: string[]) => {
    const out = join(folder, name);
    const given = ["--data", data, "--preprocess", "unit", "--out", out, ...options];
    expect((await octet("quantize", model, ...given)).code).toBe(0);
    return join(out, "colours.report.json");
  };
  channel = await run("channel", "--method", "minmax");
  tensor = await run("tensor", "--method", "percentile", "--per-tensor", "--samples", "3");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("octet diff", () => {
  it("gives what differs between the reports of two runs as JSON", async () => {
    const { code, json, stderr } = await octet("diff", channel, tensor, "--json");
    expect(code).toBe(0);
    const result = json();
    expect(result.settings).toEqual([
      { name: "weights", a: ["int8, per channel"], b: ["int8, per tensor"] },
      { name: "ranges by", a: ["minmax"], b: ["percentile"] },
      { name: "calibration samples", a: ["0 to 5"], b: ["0 to 2"] },
    ]);
    const resolved = JSON.parse(readFileSync(tensor, "utf8")).recipe.resolved;
    expect(result.ranges.length).toBeGreaterThan(0);
    for (const { group, to } of result.ranges) expect(to).toEqual(resolved[group]);
    expect(result.figures.map(({ figure }: { figure: string }) => figure)).toEqual(["size, float", "size, quantized"]);
    expect(stderr).toBe("warning: A and B have no evaluation, so no measured figures can be compared.\n");
  });

  it("finds nothing between a report and itself", async () => {
    const { code, json } = await octet("diff", channel, channel, "--json");
    expect(code).toBe(0);
    const { settings, biases, ranges, weights, estimates } = json();
    expect([settings, biases, ranges, weights, estimates]).toEqual([[], [], [], [], []]);
    expect((await octet("diff", channel, channel)).stdout).toContain("settings: the same");
  });

  it("tells a person the settings, the figures and the ten largest changes", async () => {
    const names = Array.from({ length: 14 }, (_, i) => `t${i}`);
    const resolved = (step: number) =>
      Object.fromEntries(names.map((name, i) => [name, { low: 0, high: 10 + step * i }]));
    const evaluation = REPORT.evaluation!;
    const a = { ...REPORT, recipe: { ...REPORT.recipe, resolved: resolved(0) } };
    const b = {
      ...REPORT,
      recipe: {
        ...a.recipe,
        resolved: resolved(1),
        biases: Object.fromEntries(names.slice(0, 12).map((name) => [name, [0.1, 0.2]])),
        float: { layers: names, operators: [], tensors: [] },
      },
      evaluation: {
        ...evaluation,
        top1: { float: 0.9, quantized: 0.895, drop: 0.005, interval: [-0.02, 0.03] as const },
        latency: { ...evaluation.latency, machine: "a phone" },
      },
    };
    const paths = [put(folder, "a.json", writeReport(a)), put(folder, "b.json", writeReport(b))];
    const { code, stdout, stderr } = await octet("diff", ...paths);
    expect(code).toBe(0);
    expect(stdout).toContain("layers in float: only in A: softmax; only in B: t0, t1, t2, t3, t4 and 9 more");
    expect(stdout).toContain("learned biases: those of 12 layers differ");
    expect(stdout).not.toContain("0.1,");
    expect(stdout).toMatch(/top-1, quantized +88\.0 % +89\.5 % +\+1\.50 pt\n/);
    expect(stdout).toMatch(
      /top-1, drop +2\.00 % \(95 %: −1\.00 pt to 5\.00 pt\) +0\.500 % \(95 %: −2\.00 pt to 3\.00 pt\) +−1\.50 pt\n/,
    );
    expect(stdout).toMatch(/latency p50, quantized +4\.00 ms +4\.00 ms +0 ~\n/);
    expect(stdout).toContain("ranges that moved: 13; the 10 that changed most");
    expect(stdout.match(/^ +t\d+ +0 to 10\.0 /gm)).toHaveLength(10);
    expect(stdout).toMatch(/t13 +0 to 10\.0 +0 to 23\.0 +56\.5 %/);
    expect(stdout).toContain("weights that differ in SQNR: none");
    expect(stderr).toMatch(/^warning: .*different places .*a phone/);
  });

  it("refuses what is no report", async () => {
    const refusal = async (...args: string[]) => {
      const outcome = await octet("diff", ...args);
      expect(outcome.code).toBe(2);
      return errorOf(outcome);
    };
    const recipe = join(folder, "channel", "colours.recipe.json");
    const cut = put(folder, "cut.report.json", readFileSync(channel, "utf8").slice(0, 500));
    const later = put(folder, "later.report.json", writeReport(REPORT).replace('"version": 1', '"version": 7'));
    expect(await refusal(channel)).toMatch("This command takes REPORT_A and REPORT_B; 1 names were given.");
    expect(await refusal(channel, join(folder, "none.json"))).toMatch(/^There is no file /);
    expect(await refusal(channel, recipe)).toBe(
      "colours.recipe.json is an Octet recipe, not a report; give the report file.",
    );
    expect(await refusal(cut, channel)).toMatch(/^cut\.report\.json is not complete JSON/);
    expect(await refusal(channel, later)).toMatch("is a report of version 7 and this Octet reads version 1");
  });
});
