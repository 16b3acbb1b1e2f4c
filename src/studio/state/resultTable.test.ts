import { describe, expect, it } from "vitest";
import { REPORT } from "../../engine/artifacts/testing/report.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { nameOf, uniqueName } from "./resultNames.ts";
import { figureRows, originRows, settingRows } from "./resultTable.ts";
import type { StoredResult } from "./stored.ts";

const EVALUATION = REPORT.evaluation!;

interface Changes extends Partial<Omit<StoredResult, "recipe" | "evaluation">> {
  readonly recipe?: Partial<Recipe>;
  readonly evaluation?: Partial<Evaluation>;
}

function result(name: string, { recipe, evaluation, ...changes }: Changes = {}): StoredResult {
  return {
    ...{ id: name, name, sha256: "ab", date: 0, samples: 3, fingerprint: "files", shown: true },
    calibration: { fingerprint: "seen", observed: 3, skipped: 0 },
    recipe: { ...REPORT.recipe, ...recipe },
    evaluation: { ...EVALUATION, ...evaluation },
    ...changes,
  };
}

const top1 = (quantized: number) => ({
  float: 0.9,
  quantized,
  drop: 0.9 - quantized,
  interval: [-0.01, 0.05] as const,
});
const cells = (rows: ReturnType<typeof figureRows>, key: string) => rows.find((row) => row.key === key)!.cells;

describe("the settings of results side by side", () => {
  it("are left out where all agree", () => {
    expect(settingRows([result("a"), result("b")])).toEqual([]);
    expect(settingRows([result("a")])).toEqual([]);
  });

  it("are held against the first result's", () => {
    const weights = { type: "int8", granularity: "tensor", rounding: "nearest" } as const;
    const rows = settingRows([result("a"), result("b", { recipe: { weights } }), result("c")]);
    expect(rows.map(({ label }) => label)).toEqual(["weights"]);
    expect(rows[0]!.cells.map(({ text, differs }) => [text, differs])).toEqual([
      ["int8, per channel", false],
      ["int8, per tensor", true],
      ["int8, per channel", false],
    ]);
  });

  it("of a file are what its recovered recipe tells, held against those of a recipe here, and else not told", () => {
    const weights = { type: "int8", granularity: "tensor", rounding: "nearest" } as const;
    const file = { name: "theirs.onnx", sha256: "cd", producer: "onnx.quantize 0.1.0", differences: 2 };
    const theirs = {
      ...result("theirs", { recipe: { weights, method: "mse", biases: null }, calibration: null }),
      file,
    };
    const unknown = { ...result("unknown", { calibration: null }), recipe: null, file };
    const rows = settingRows([theirs, result("ours", { recipe: { method: "minmax" } }), unknown]);
    expect(rows.map(({ label, cells }) => [label, ...cells.map(({ text, differs }) => [text, differs])])).toEqual([
      ["weights", ["int8, per tensor", true], ["int8, per channel", false], ["not told by the file", false]],
    ]);
    expect(settingRows([unknown])).toEqual([]);
  });

  it("name of a list what not every result has, whatever its order", () => {
    const float = (...layers: string[]) => ({
      recipe: { float: { layers, operators: [], tensors: [] } },
    });
    const rows = settingRows([
      result("a", float("x", "y")),
      result("b", float("y", "x")),
      result("c", float("x", "p", "q", "r", "s", "t")),
      result("d", float()),
    ]);
    expect(rows[0]!.cells.map(({ text, differs }) => [text, differs])).toEqual([
      ["2: x, y", false],
      ["2: x, y", false],
      ["6: p, q, r, 3 more", true],
      ["none", true],
    ]);
  });

  it("count ranges and biases that differ instead of listing them", () => {
    const resolved = { image: { low: -0.5, high: 2.5 }, logits: { low: 0, high: 1 } };
    const biases = { conv: [1, 2], gemm: [3] };
    const rows = settingRows([
      result("a", { recipe: { resolved, biases } }),
      result("b", { recipe: { biases: { conv: [1, 2] } } }),
    ]);
    expect(rows.map(({ label, cells: [, b] }) => [label, b!.text, b!.note])).toEqual([
      ["learned biases", "1 layer", "1 other"],
      ["settled ranges", "1 range", "2 other"],
    ]);
  });

  it("tell calibrations on other samples apart, though there are as many", () => {
    const other = result("b", { calibration: { fingerprint: "other", observed: 3, skipped: 0 } });
    const [row] = settingRows([result("a"), other]);
    expect(row!.cells.map(({ text, note }) => [text, note])).toEqual([
      ["3 samples", null],
      ["3 samples", "another calibration"],
    ]);
  });
});

describe("the figures of results side by side", () => {
  it("have the best of each row marked, ties too, and nothing where all are the same", () => {
    const rows = figureRows(
      [0.85, 0.88, 0.88].map((share, i) => result(`r${i}`, { evaluation: { top1: top1(share) } })),
    );
    expect(cells(rows, "top1").map(({ best }) => best)).toEqual([false, true, true]);
    expect(cells(rows, "top1")[0]).toMatchObject({
      text: "90.0 → 85.0 %",
      note: "drop 5.00 pt (95 %: −1.00 to 5.00)",
    });
    expect(cells(rows, "size").some(({ best }) => best)).toBe(false);
    expect(rows.some(({ key }) => key === "top5")).toBe(false);
  });

  it("take the smallest and the quickest for the best", () => {
    const quick = { ...EVALUATION.latency, quantized: { p50: 3, p95: 7 } };
    const rows = figureRows([
      result("a"),
      result("b", { evaluation: { bytes: { float: 100_000, quantized: 40_000 }, latency: quick } }),
    ]);
    expect(cells(rows, "size").map(({ best }) => best)).toEqual([true, false]);
    expect(cells(rows, "p50").map(({ best }) => best)).toEqual([false, true]);
    expect(cells(rows, "p95").map(({ best }) => best)).toEqual([true, false]);
  });

  it.each<[string, Changes]>([
    ["other files", { fingerprint: "other files" }],
    ["another split", { samples: 5 }],
    ["another number", { evaluation: { samples: 61 } }],
  ])("on %s are marked and compete with none; sizes still do", (_, changes) => {
    const other = {
      ...changes,
      evaluation: { ...changes.evaluation, top1: top1(0.99), bytes: { float: 9, quantized: 2 } },
    };
    const rows = figureRows([result("a"), result("b", other), result("c", { evaluation: { top1: top1(0.8) } })]);
    expect(cells(rows, "top1").map(({ best, unlike }) => [best, unlike])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(cells(rows, "size").map(({ best, unlike }) => [best, unlike])).toEqual([
      [false, false],
      [true, false],
      [false, false],
    ]);
    expect(cells(rows, "p50")[1]!.unlike).toBe(false);
  });

  it("from another machine are marked where time counts, and nowhere else", () => {
    const latency = { ...EVALUATION.latency, machine: "a phone", quantized: { p50: 1, p95: 1 } };
    const all = [result("a"), result("b", { evaluation: { latency } })];
    expect(cells(figureRows(all), "p50").map(({ best, unlike }) => [best, unlike])).toEqual([
      [false, false],
      [false, true],
    ]);
    expect(cells(figureRows(all), "top1")[1]!.unlike).toBe(false);
    expect(cells(originRows(all), "ran on").map(({ unlike }) => unlike)).toEqual([false, true]);
  });
});

describe("what is clipped at most", () => {
  const clipped = (share: number, producer: string | null = "conv") => ({
    ...{ tensor: "x", producer, range: { low: 0, high: 1 }, values: 1000, share },
  });

  it("names the layer and marks none as the best, as methods cut off outliers on purpose", () => {
    const ranges = [clipped(0.01, "first"), clipped(0.25)];
    const rows = figureRows([
      result("a", { evaluation: { clipped: ranges } }),
      result("b", { evaluation: { clipped: [clipped(0)] } }),
      result("c"),
    ]);
    expect(cells(rows, "clipped").map(({ text, note, best }) => [text, note, best])).toEqual([
      ["25.0 %", "conv", false],
      ["0 %", null, false],
      ["–", null, false],
    ]);
  });

  it("is left out where nothing was counted", () => {
    expect(figureRows([result("a")]).map(({ key }) => key)).not.toContain("clipped");
  });
});

describe("the name of a result", () => {
  it("says the settings", () => {
    expect(
      nameOf({
        ...REPORT.recipe,
        method: "mse",
        float: { layers: [], operators: [], tensors: [] },
      }),
    ).toBe("per channel, mse, no bias correction");
    expect(
      nameOf({
        ...REPORT.recipe,
        activations: { type: "int8", symmetric: true },
        corrections: { equalization: true, bias: "empirical" },
        methods: { x: "mse", y: "mse" },
      }),
    ).toBe("per channel, auto, int8 activations, equalized, 2 own methods, 1 layer in float");
  });

  it("gets a number where it is taken", () => {
    expect(uniqueName("a", ["b"])).toBe("a");
    expect(uniqueName("a", ["a"])).toBe("a (2)");
    expect(uniqueName("a", ["a", "a (2)", "a (3)"])).toBe("a (4)");
  });
});
