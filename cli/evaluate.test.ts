import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idxBytes } from "../src/engine/data/testing/files.ts";
import type { Clipped } from "../src/engine/model/clipped.ts";
import type { Notice } from "../src/engine/model/job.ts";
import { BEFORE_PREPARATIONS } from "../src/engine/model/past/recipe.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let float: string;
let quantized: string;
let data: string;

beforeAll(async () => {
  folder = scratch();
  float = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 12);
  const others = await putColours(folder, "others", 6, 12);
  await octet("quantize", float, "--data", others, "--preprocess", "unit", "--out", folder);
  quantized = join(folder, "colours.int8.onnx");
});
afterAll(() => rmSync(folder, { recursive: true }));

const evaluate = (other: string, ...options: string[]) =>
  octet("evaluate", float, other, "--data", data, "--preprocess", "unit", "--json", ...options);

describe("octet evaluate", () => {
  it("gives accuracy, closeness, size and latency, and exits with 0 within the limit", async () => {
    const { code, json } = await evaluate(quantized, "--skip", "6");
    expect(code).toBe(0);
    const result = json();
    expect(result).toMatchObject({
      samples: 6,
      labelled: 6,
      top1: { float: 1, quantized: 1, drop: 0 },
      top5: null,
      verdict: { limit: 0.01, passed: true },
      bytes: { float: readFileSync(float).length, quantized: readFileSync(quantized).length },
    });
    const [output] = result.outputs;
    expect(output).toMatchObject({ name: "scores", agreement: 1 });
    expect(output.sqnr).toBeGreaterThan(25);
    expect(output.kl).toBeLessThan(0.01);
    expect(result.latency.quantized.p95).toBeGreaterThanOrEqual(result.latency.quantized.p50);
    expect(result.latency.quantized.p99).toBeGreaterThanOrEqual(result.latency.quantized.p95);
    expect(result.latency.quantized.start).toBeGreaterThan(0);
    expect(result.latency.runtime).toMatch(/^onnxruntime-node 1\./);
    const recipe = JSON.parse(readFileSync(join(folder, "colours.recipe.json"), "utf8"));
    expect(result.clipped.map(({ tensor }: Clipped) => tensor).toSorted()).toEqual(
      Object.keys(recipe.resolved).toSorted(),
    );
    expect(result.clipped[0]).toMatchObject({ tensor: "picture", producer: null, values: 6 * 3 * 8 * 8 });
  });

  it("exits with 1 when the drop passes --max-drop, which is in points", async () => {
    const wrong = put(folder, "wrong.onnx", modelBytes(colourModel({ classes: [1, 0, 2] })));
    const failed = await evaluate(wrong);
    expect(failed.code).toBe(1);
    expect(failed.json().top1).toMatchObject({ float: 1, quantized: 1 / 3 });
    expect(failed.json().verdict).toEqual({ limit: 0.01, passed: false });
    const kept = await evaluate(wrong, "--max-drop", "66.7");
    expect(kept.code).toBe(0);
    expect((await evaluate(wrong, "--max-drop", "66.6")).code).toBe(1);
  });

  it("takes --labels instead of the label files among the data, wherever it lies", async () => {
    const allRed = ["file,label", ...Array.from({ length: 12 }, (_, i) => `photos/${i}.png,0`)].join("\n");
    const outside = put(folder, "red.csv", allRed);
    expect((await evaluate(quantized, "--labels", outside)).json().top1.float).toBeCloseTo(1 / 3);
    const inside = put(data, "red.csv", allRed);
    expect((await evaluate(quantized, "--labels", inside)).json().top1.float).toBeCloseTo(1 / 3);
    expect((await evaluate(quantized, "--labels", join(data, "labels.csv"))).json().top1.float).toBe(1);
    rmSync(inside);
    const idx = put(folder, "labels.idx", idxBytes([12], new Uint8Array(12).fill(2)));
    expect((await evaluate(quantized, "--labels", idx)).json().top1.float).toBeCloseTo(1 / 3);
  });

  it("asks about the normalisation when the float model is near chance", async () => {
    const shuffled = put(folder, "off.csv", Array.from({ length: 12 }, (_, i) => `${i}.png,${(i + 1) % 3}`).join("\n"));
    const { json, stderr } = await evaluate(quantized, "--labels", shuffled);
    expect(json().top1.float).toBe(0);
    const [doubt] = json().notices.filter(({ subject }: Notice) => subject !== "file size" && subject !== "latency");
    expect(doubt.message).toMatch(/near chance for 3 classes: is the normalisation right/);
    expect(stderr).toMatch(/warning: .*is the normalisation right/);
  });

  it("warns of a quantized model without a quantized layer", async () => {
    const { code, json, stderr } = await evaluate(float);
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: "colours\.onnx" has no quantized layer/);
    expect(json().notices).toContainEqual(
      expect.objectContaining({ kind: "warning", message: expect.stringMatching(/has no quantized layer/) }),
    );
    expect((await evaluate(quantized)).stderr).not.toMatch(/no quantized layer/);
  });

  it("says first that the file is larger than the float one", async () => {
    const { json, stderr } = await evaluate(quantized);
    expect(json().notices[0].message).toMatch(
      /^The quantized file is larger than the float one, .* kB against .* B; keep/,
    );
    expect(stderr.split("\n").find((line) => line.startsWith("warning: "))).toMatch(/is larger than the float one/);
  });

  it("judges closeness without labels, but holds no limit against nothing", async () => {
    const one = join(data, "3.png");
    const base = ["evaluate", float, quantized, "--data", one, "--preprocess", "unit"];
    const outcome = await octet(...base, "--json");
    expect(outcome.json()).toMatchObject({ samples: 1, labelled: 0, top1: null, verdict: null });
    expect(errorOf(await octet(...base, "--max-drop", "1"))).toMatch(/has a label; give --labels/);
    const strangers = put(folder, "strangers.csv", "file,label\nx.png,1\n");
    expect(errorOf(await octet(...base, "--labels", strangers))).toMatch(/has a label/);
  });

  it("prints the same for a person, as lines", async () => {
    const outcome = await octet("evaluate", float, quantized, "--data", data, "--preprocess", "unit");
    expect(outcome.stdout).toMatch(/^12 samples, 12 of them labelled; float, then quantized:\ntop-1: 100 %, 100 %/);
    expect(outcome.stdout).toMatch(/^values outside the \d clip ranges.*: .+$/m);
    expect(outcome.stdout).toMatch(/passed: a drop of 1\.00 pt is allowed\n$/);
  });
});

describe("octet evaluate with labels", () => {
  let swapped: string;
  let photos: string;
  const found = (...options: string[]) =>
    octet("evaluate", swapped, swapped, "--data", photos, "--json", "--max-drop", "50", ...options);
  const ofPreprocessing = (notices: readonly Notice[]) => notices.filter(({ subject }) => subject === "preprocessing");

  beforeAll(async () => {
    // The classes of red and blue change places: the model was made for BGR.
    swapped = put(folder, "swapped.onnx", modelBytes(colourModel({ classes: [2, 1, 0] })));
    photos = await putColours(folder, "many", 24);
  });

  it("gives no verdict under an assumed preprocessing that another beats, and names that", async () => {
    const { code, json, stderr } = await found();
    expect(code).toBe(2);
    const { verdict, top1, preprocessing, notices } = json();
    expect(verdict).toBeNull();
    expect(top1.float).toBeCloseTo(1 / 3);
    expect(preprocessing).toMatchObject({ by: "labels", samples: 24, inUse: { preset: "unit" }, labelShift: 0 });
    expect(preprocessing.better.preprocess.color).toBe("BGR");
    const [warning] = ofPreprocessing(notices);
    expect(warning).toMatchObject({ kind: "warning" });
    expect(warning!.message).toMatch(
      /^The float model answers better with --preprocess FILE\.json that holds \{.*"color":"BGR".*\}: mean log-probability of the label .* against .* on 24 labelled samples \(p < 0\.01\); give it, or --preprocess unit to keep what is assumed\.$/,
    );
    expect(stderr).toMatch(/^octet: The limit was not judged: .* preprocessing assumed is not the model's/m);
  });

  it("warns of one that a person gave, and judges by it", async () => {
    const { code, json } = await found("--preprocess", "unit");
    expect(code).toBe(0);
    expect(json().verdict).toMatchObject({ passed: true });
    expect(ofPreprocessing(json().notices)[0]!.message).toMatch(/give it in place of what was given where the model/);
  });

  it("says nothing of the right one", async () => {
    const { preprocess } = (await found()).json().preprocessing.better;
    const right = put(folder, "bgr.json", JSON.stringify({ ...preprocess, scale: 1, mean: [0], std: [1] }));
    const { code, json } = await found("--preprocess", right);
    expect(code).toBe(0);
    expect(json().top1.float).toBe(1);
    expect(ofPreprocessing(json().notices)).toEqual([]);
  });

  it("gives no verdict on labels that are off by one, whoever gave the preprocessing", async () => {
    const rows = Array.from({ length: 24 }, (_, i) => `${i}.png,${(i % 3) + 1}`).join("\n");
    const four = put(folder, "four.onnx", modelBytes(colourModel({ background: true })));
    const offByOne = put(
      folder,
      "less.csv",
      rows.replaceAll(/,(\d)/g, (_, label) => `,${label - 1}`),
    );
    const judged = (table: string) =>
      octet("evaluate", four, four, "--data", photos, "--json", "--preprocess", "unit", "--labels", table);
    const { code, json } = await judged(offByOne);
    expect(code).toBe(2);
    expect(json()).toMatchObject({ verdict: null, preprocessing: { labelShift: 1 } });
    expect(json().notices.find(({ subject }: Notice) => subject === "labels").message).toMatch(
      /^The labels seem to be off by one: with 1 added to each /,
    );
    expect((await judged(put(folder, "more.csv", rows))).json().verdict).toMatchObject({ passed: true });
  });

  it("says that a few cannot tell", async () => {
    const few = await putColours(folder, "few", 3);
    const { code, json } = await octet("evaluate", swapped, swapped, "--data", few, "--json", "--max-drop", "100");
    expect(code).toBe(0);
    expect(ofPreprocessing(json().notices)).toEqual([
      expect.objectContaining({
        kind: "info",
        message: expect.stringMatching(
          /^3 labelled samples cannot tell whether the preset that is assumed is the right/,
        ),
      }),
    ]);
  });

  it("quantize and tune say the same before they begin, and go on", async () => {
    for (const command of ["quantize", "tune"]) {
      const options = [
        "--data",
        photos,
        "--out",
        join(folder, command),
        "--json",
        ...(command === "tune" ? ["--budget", "0"] : []),
      ];
      const { code, json, stderr } = await octet(command, swapped, ...options);
      expect(code).not.toBe(2);
      expect(stderr).toMatch(/warning: preprocessing: The float model answers better with [\s\S]*Calibrating/);
      expect(ofPreprocessing(json().notices)).toHaveLength(1);
    }
  });
});

describe("samples that calibrated", () => {
  const make = async (name: string, ...options: string[]) => {
    const out = join(folder, name);
    const made = await octet(
      ...["quantize", float, "--data", data, "--preprocess", "unit", "--samples", "5", "--out", out, "--json"],
      ...options,
    );
    expect(made.code).toBe(0);
    return { file: join(out, "colours.int8.onnx"), recipe: join(out, "colours.recipe.json"), made: made.json() };
  };

  it("do not judge, in whatever folder they lie, and --skip leaves them out", async () => {
    const { file, recipe, made } = await make("apart");
    expect(made.recipe).toMatchObject({ seed: 0, prints: expect.stringMatching(/^.{40}$/) });
    const refused = await evaluate(file);
    expect([refused.code, errorOf(refused)]).toEqual([
      2,
      expect.stringMatching(
        /^5 of the 12 samples to judge calibrated the model, photos\/\d+\.png the first, .*; leave out the first 5 \(--skip 5\)\.$/,
      ),
    ]);
    const { code, json, stderr } = await evaluate(file, "--skip", "5");
    expect([code, json().samples]).toEqual([0, 7]);
    expect(stderr).not.toMatch(/is not known/);

    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    copyFileSync(join(data, "labels.csv"), join(elsewhere, "labels.csv"));
    for (let i = 0; i < 12; i++) copyFileSync(join(data, `${i}.png`), join(elsewhere, `${i}.png`));
    const there = await octet(
      ...["evaluate", float, file, "--data", elsewhere, "--preprocess", "unit", "--skip", "3", "--json"],
    );
    expect(errorOf(there)).toMatch(/^2 of the 9 samples to judge calibrated the model, elsewhere.*--skip 5/);

    const moved = put(folder, "moved.int8.onnx", readFileSync(file));
    const unknown = await evaluate(moved);
    expect(unknown.code).toBe(0);
    const named = ({ tensor, values }: Clipped) => [tensor, values];
    const byScales = (await evaluate(moved, "--skip", "5")).json();
    expect(byScales.clipped.map(named)).toEqual(json().clipped.map(named));
    expect(byScales.clipped).not.toEqual(json().clipped);
    const shares = (clipped: readonly Clipped[]) => clipped.map(({ share }) => share);
    expect(shares(byScales.clipped)).toEqual(shares(json().clipped));
    expect(unknown.stderr).toMatch(
      /Which samples calibrated moved\.int8\.onnx is not known \(no recipe lies beside it/,
    );
    expect(errorOf(await evaluate(moved, "--recipe", recipe))).toMatch(/^5 of the 12 samples to judge calibrated/);
    expect((await evaluate(moved, "--recipe", recipe, "--skip", "5")).json().clipped).toEqual(json().clipped);
    const other = put(folder, "other.json", readFileSync(recipe, "utf8").replace('"high": ', '"high": 1'));
    expect((await evaluate(moved, "--recipe", other, "--skip", "5")).json().clipped).toEqual(byScales.clipped);
  });

  it("are the first by path under --order path, which the recipe keeps", async () => {
    const { file, made } = await make("by-path", "--order", "path");
    expect(made.recipe.seed).toBeNull();
    expect((await evaluate(file, "--skip", "5")).json().samples).toBe(7);
    const balanced = await evaluate(file, "--skip", "5", "--order", "balanced");
    expect(errorOf(balanced)).toMatch(/take them in the order that calibrated it \(--order path\)/);
  });

  it("are of the recipe that a run begins with, and of the calibration that it takes", async () => {
    const first = await make("first");
    const older = JSON.parse(readFileSync(first.recipe, "utf8"));
    for (const later of Object.keys(BEFORE_PREPARATIONS)) delete older[later];
    delete older.inputs.state;
    const before = put(folder, "before.json", JSON.stringify({ ...older, resolved: null, biases: null }));
    const again = await make("again", "--recipe", before);
    expect(again.made.recipe).toMatchObject({
      seed: null,
      prints: (await make("path", "--order", "path")).made.recipe.prints,
    });
    const out = join(folder, "cached");
    const cache = join(folder, "first", "colours.calibration.json");
    const cached = await octet("quantize", float, "--cache", cache, "--method", "mse", "--out", out, "--json");
    expect(cached.json().recipe).toMatchObject({ seed: 0, prints: first.made.recipe.prints });
  });
});

describe("octet evaluate refuses", () => {
  const refusal = async (...args: Parameters<typeof evaluate>) => {
    const outcome = await evaluate(...args);
    expect(outcome.code).toBe(2);
    return errorOf(outcome);
  };

  it("two models that do not belong together", async () => {
    const renamed = put(folder, "renamed.onnx", modelBytes(colourModel({ input: "image" })));
    expect(await refusal(renamed)).toMatch(
      /not made from this float model: it takes image .*, and the float one picture/,
    );
    const larger = put(folder, "larger.onnx", modelBytes(colourModel({ side: 16 })));
    expect(await refusal(larger)).toMatch(/takes picture \(float32 1 × 3 × 16 × 16\)/);
  });

  it("a float model that is already quantized, and says the order", async () => {
    const swapped = await octet("evaluate", quantized, float, "--data", data, "--preprocess", "unit");
    expect(swapped.code).toBe(2);
    expect(errorOf(swapped)).toMatch(
      /^"colours\.int8\.onnx" is already quantized \(it has a \w+ layer\); .*the float model first, then the quantized one\.$/,
    );
  });

  it("models that are damaged", async () => {
    const cut = put(folder, "cut.onnx", readFileSync(quantized).subarray(0, 300));
    expect(await refusal(cut)).toMatch(/"cut\.onnx" .*cut short/);
  });

  it("labels it cannot use", async () => {
    const csv = (name: string, content: string) => refusal(quantized, "--labels", put(folder, name, content));
    expect(await csv("words.csv", "file,label\n0.png,cat\n")).toMatch(/words\.csv, line 2: "cat" is no class index/);
    expect(await csv("short.csv", "file,label\n0.png\n")).toMatch(/short\.csv, line 2: a file or a label is missing/);
    expect(await csv("high.csv", "0.png,7\n")).toMatch(/photos\/0\.png has the label 7, but the model has 3 classes/);
    expect(await csv("photo.md", "0.png,1\n")).toMatch(/photo\.md holds no labels/);
    expect(await refusal(quantized, "--labels", folder)).toMatch(/is a folder/);
    expect(await refusal(quantized, "--labels", "gone.csv")).toBe("There is no file gone.csv.");
  });

  it("limits and counts that are none, and samples past the end", async () => {
    expect(await refusal(quantized, "--max-drop", "little")).toMatch(/--max-drop takes a number of at least 0/);
    expect(await refusal(quantized, "--skip", "-1")).toMatch(/--skip needs a value/);
    expect(await refusal(quantized, "--skip=-1")).toMatch(/--skip takes a whole number of at least 0/);
    expect(await refusal(quantized, "--skip", "12")).toMatch(/has 12 samples, so none is left after the first 12/);
  });
});
