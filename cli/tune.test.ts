import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readReport } from "../src/engine/job/compare.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const SAMPLE = fileURLToPath(new URL("../public/sample/", import.meta.url));

let folder: string;
let model: string;
let data: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 9);
});
afterAll(() => rmSync(folder, { recursive: true }));

const colours = (name: string, ...options: string[]) =>
  octet("tune", model, "--data", data, "--preprocess", "unit", "--out", join(folder, name), "--json", ...options);

describe("the sample model with one scale a weight", () => {
  it("is saved by equalization with no layer in float, and its recipe and cache give the same file again", async () => {
    const { preprocess } = JSON.parse(readFileSync(join(SAMPLE, "project.json"), "utf8"));
    const out = join(folder, "sample");
    const path = join(SAMPLE, "fashion-mnist-dw.onnx");
    const outcome = await octet(
      ...["tune", path, "--data", join(SAMPLE, "evaluation-images-idx3-ubyte.gz"), "--samples", "100"],
      ...["--labels", join(SAMPLE, "evaluation-labels-idx1-ubyte.gz"), "--out", out, "--json"],
      ...[
        "--preprocess",
        put(folder, "preprocess.json", JSON.stringify(preprocess)),
        "--per-tensor",
        "--order",
        "path",
      ],
    );
    expect(outcome.stderr).not.toMatch(/^octet: /m);
    expect(outcome.code).toBe(0);
    const { tuning, layers, files, recipe } = outcome.json();
    expect(tuning.split).toEqual({ calibration: [0, 50], judgement: [50, 100] });
    expect(tuning.points[0]).toMatchObject({ label: "as given", decisions: [], passed: false });
    expect(tuning.points[tuning.chosen]).toMatchObject({ passed: true, floatLayers: 0 });
    expect(tuning.points[tuning.chosen].top1.drop).toBeLessThanOrEqual(0.01);
    expect(recipe.corrections.equalization).toBe(true);
    expect(layers.quantized).toBe(layers.total);
    expect(files.map(({ name }: { name: string }) => name)).toContain("fashion-mnist-dw.int8.onnx");

    const file = (ending: string) => join(out, `fashion-mnist-dw.${ending}`);
    const report = readReport(readFileSync(file("report.json"), "utf8"), "report");
    expect(report.tuning?.points).toHaveLength(tuning.points.length);
    const { samples, clipped } = report.evaluation!;
    expect(samples).toBe(50);
    expect(clipped?.map(({ tensor }) => tensor).toSorted()).toEqual(Object.keys(recipe.resolved).toSorted());
    expect(clipped?.[0]).toMatchObject({ producer: null, values: 50 * 28 * 28 });
    expect(clipped?.every(({ share }) => share < 0.1)).toBe(true);
    const page = readFileSync(file("report.html"), "utf8");
    expect(page).toContain("Search for the recipe");
    expect(page).toContain("counted one by one on the 50 samples that judged");

    const again = join(folder, "again");
    await octet("quantize", path, "--recipe", file("recipe.json"), "--cache", file("calibration.json"), "--out", again);
    const bytes = readFileSync(join(again, "fashion-mnist-dw.int8.onnx"));
    expect(bytes.equals(readFileSync(file("int8.onnx")))).toBe(true);
    expect(bytes.length).toBe(tuning.points[tuning.chosen].bytes);
  });
});

describe("a rescue", () => {
  it("takes what the culprits recommend, step by step, until the limit is kept, and the report has both", async () => {
    const { preprocess } = JSON.parse(readFileSync(join(SAMPLE, "project.json"), "utf8"));
    const outcome = await octet(
      ...["tune", join(SAMPLE, "fashion-mnist-dw.onnx"), "--data", join(SAMPLE, "evaluation-images-idx3-ubyte.gz")],
      ...["--labels", join(SAMPLE, "evaluation-labels-idx1-ubyte.gz"), "--samples", "60", "--per-tensor", "--rescue"],
      ...["--preprocess", put(folder, "rescued.json", JSON.stringify(preprocess)), "--out", join(folder, "rescued")],
    );
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/1 as given .*not kept\n {2}2 weights with a scale per channel .* kept \*/);
    expect(outcome.stdout).toMatch(/the first that keeps the limit, .*: weights with a scale per channel/);
    expect(outcome.stdout).toMatch(/culprits, worst first.*\n.*alone +regained +enters +weights +values\n +1 +\S/);
    const { tuning } = readReport(
      readFileSync(join(folder, "rescued", "fashion-mnist-dw.report.json"), "utf8"),
      "report",
    );
    const [worst] = tuning!.culprits!.list;
    expect(worst).toMatchObject({ by: "alone", remedy: { edit: { kind: "granularity", granularity: "channel" } } });
    expect(tuning!.points[1]!.decisions).toEqual([{ kind: "remedy", remedy: worst!.remedy!.edit }]);
  });

  it("does not go on to smaller models", async () => {
    expect(errorOf(await colours("both", "--rescue", "--mix"))).toMatch(/--rescue ends at the first model/);
  });
});

describe("a search", () => {
  it("that finds no model within the limit writes the nearest, says so, and exits with 1", async () => {
    const out = join(folder, "none");
    const { code, stdout } = await octet(
      ...["tune", model, "--data", data, "--preprocess", "unit", "--out", out, "--min-sqnr", "300", "--budget", "0"],
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 points? tried .* until the budget was spent; samples 0 to 4 calibrated, 5 to 8 judged/);
    expect(stdout).toContain("no point keeps the limit, an SQNR of 300 dB; the nearest is written: as given");
    expect(readdirSync(out)).toContain("colours.int8.onnx");
  });

  it("reads the first samples only", async () => {
    const partly = await putColours(folder, "partly", 6);
    for (const index of [4, 5]) writeFileSync(join(partly, `${index}.png`), "no picture");
    const outcome = await octet(
      ...["tune", model, "--data", partly, "--preprocess", "unit", "--out", join(folder, "first"), "--samples", "4"],
      ...["--min-sqnr", "10", "--order", "path", "--json"],
    );
    expect(outcome.stderr).not.toMatch(/Skipped|octet:/);
    expect(outcome.code).toBe(0);
    const { tuning, calibration } = outcome.json();
    expect(tuning).toMatchObject({ judged: { samples: 2, labelled: 2 }, request: { samples: 4 } });
    expect(calibration).toMatchObject({ samples: 2, skipped: 0 });
  });

  it("for the fastest measures the latency of every point", async () => {
    const { code, json } = await colours("fast", "--goal", "latency", "--budget", "0");
    expect(code).toBe(0);
    expect(json().tuning.points[0].latency).toBeGreaterThan(0);
  });

  it("begins with the recipe of an earlier run", async () => {
    const first = await colours("first run", "--activations", "s8", "--budget", "0");
    expect(first.code).toBe(0);
    const recipe = join(folder, "first run", "colours.recipe.json");
    const { recipe: found, tuning } = (await colours("second run", "--recipe", recipe, "--budget", "0")).json();
    expect(found.activations).toEqual({ type: "int8", symmetric: true });
    expect(tuning.start.activations).toEqual(found.activations);
  });
});

describe("refuses, with nothing written,", () => {
  it.each([
    [["--max-drop", "1", "--min-sqnr", "20"], /--max-drop and --min-sqnr are two limits/],
    [["--goal", "beauty"], /--goal takes one of size, latency; not "beauty"/],
    [["--samples", "1"], /--samples takes a whole number of at least 2/],
    [["--budget", "soon"], /--budget takes a number/],
  ])("%s", async (options, message) => {
    const outcome = await colours("refused", ...options);
    expect(outcome.code).toBe(2);
    expect(errorOf(outcome)).toMatch(message);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });

  it("a limit of top-1 without labels, and no data", async () => {
    const unlabelled = await putColours(folder, "unlabelled", 4);
    rmSync(join(unlabelled, "labels.csv"));
    const options = ["--preprocess", "unit", "--out", join(folder, "refused")];
    const outcome = await octet("tune", model, "--data", unlabelled, ...options);
    expect(errorOf(outcome)).toMatch(/None of the samples 2 to 3, which judge, has a label.*limit in dB/);
    expect(errorOf(await octet("tune", model, ...options))).toBe("tune needs --data PATH.");
  });
});
