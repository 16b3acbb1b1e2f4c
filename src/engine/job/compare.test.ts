import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryReport } from "../artifacts/testing/arbitraryReport.ts";
import { REPORT, rangeReport } from "../artifacts/testing/report.ts";
import type { Change } from "../model/comparison.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Report } from "../model/report.ts";
import { compareReports } from "./compare.ts";

const withRecipe = (change: Partial<Recipe>): Report => ({ ...REPORT, recipe: { ...REPORT.recipe, ...change } });
const measured = (change: object): Report => ({ ...REPORT, evaluation: { ...REPORT.evaluation!, ...change } });

/** Reports that share much, as those of one model do. */
const pair = fc.tuple(arbitraryReport, arbitraryReport, fc.boolean()).map(([a, b, alike]): [Report, Report] => {
  return alike ? [a, { ...b, recipe: { ...b.recipe, resolved: a.recipe.resolved }, weights: a.weights }] : [a, b];
});

describe("comparing any two reports", () => {
  it("finds nothing between equal ones", () => {
    let compared = 0;
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        const comparison = compareReports(report, structuredClone(report));
        const { settings, factors, biases, ranges, weights, estimates, figures } = comparison;
        expect({ settings, factors, biases, ranges, weights, estimates }).toEqual({
          ...{ settings: [], factors: [], biases: [], ranges: [], weights: [], estimates: [] },
        });
        expect(figures.every(({ change, unlike }) => change === 0 && unlike === null)).toBe(true);
        compared += figures.length;
        expect(comparison.notices.length).toBe(report.evaluation ? 0 : 1);
      }),
    );
    expect(compared).toBeGreaterThan(0);
  });

  it("the other way round gives the same with its sides changed and its changes negated", () => {
    const turned = ({ a, b, change }: Change) => ({ a: b, b: a, change: change === null ? null : 0 - change });
    const byFigure = <T extends { readonly figure: string }>(figures: readonly T[]) =>
      new Map(figures.map((figure) => [figure.figure, figure]));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const there = compareReports(a, b);
        const back = compareReports(b, a);
        expect(back.settings).toEqual(there.settings.map((entry) => ({ ...entry, a: entry.b, b: entry.a })));
        expect([...back.biases].sort()).toEqual([...there.biases].sort());
        expect([...back.factors].sort()).toEqual([...there.factors].sort());
        expect(back.ranges).toEqual(there.ranges.map((move) => ({ ...move, from: move.to, to: move.from })));
        expect(back.weights).toEqual(
          there.weights.map(({ name, sqnr, leastSqnr }) => ({
            ...{ name, sqnr: turned(sqnr), leastSqnr: turned(leastSqnr) },
          })),
        );
        expect(back.estimates).toEqual(there.estimates.map(({ group, sqnr }) => ({ group, sqnr: turned(sqnr) })));
        const [forth, reverse] = [byFigure(there.figures), byFigure(back.figures)];
        expect([...reverse.keys()].sort()).toEqual([...forth.keys()].sort());
        for (const [name, figure] of reverse) {
          expect({ a: figure.a, b: figure.b, change: figure.change }).toEqual(turned(forth.get(name)!));
        }
        expect(back.notices).toHaveLength(there.notices.length);
      }),
    );
  });
});

describe("what differs", () => {
  it("names the settings, and of lists only what one side alone has", () => {
    const other = withRecipe({
      weights: { type: "int8", granularity: "tensor", rounding: "nearest" },
      corrections: { equalization: true, bias: "empirical" },
      method: "mse",
      methods: { image: "entropy" },
      float: { layers: ["gemm", "softmax"], operators: [], tensors: [] },
    });
    expect(compareReports(REPORT, other).settings).toEqual([
      { name: "weights", a: ["int8, per channel"], b: ["int8, per tensor"] },
      { name: "equalization", a: ["off"], b: ["on"] },
      { name: "bias correction", a: ["none"], b: ["empirical"] },
      { name: "ranges by", a: ["auto"], b: ["mse"] },
      { name: "own methods", a: [], b: ["image: entropy"] },
      { name: "layers in float", a: [], b: ["gemm"] },
    ]);
    const later = { ...REPORT, calibration: { ...REPORT.calibration, observed: [0, 1, 2, 5] } };
    expect(compareReports(REPORT, later).settings).toEqual([
      { name: "calibration samples", a: ["0 to 2"], b: ["0 to 2, 5"] },
    ]);
  });

  it("does not take the order of a list for a difference", () => {
    const [one, other] = [
      ["a", "b"],
      ["b", "a"],
    ].map((layers) => withRecipe({ float: { layers, operators: [], tensors: [] } }));
    expect(compareReports(one!, other!).settings).toEqual([]);
  });

  it("tells by how much ranges moved, of the wider one, those that moved most first", () => {
    const a = withRecipe({ resolved: { x: { low: 0, high: 4 }, y: { low: -1, high: 1 }, z: { low: 0, high: 1 } } });
    const b = withRecipe({ resolved: { x: { low: 0, high: 3 }, y: { low: -1, high: 3 }, w: { low: 0, high: 1 } } });
    expect(compareReports(a, b).ranges).toEqual([
      { group: "w", from: null, to: { low: 0, high: 1 }, relative: null },
      { group: "z", from: { low: 0, high: 1 }, to: null, relative: null },
      { group: "y", from: { low: -1, high: 1 }, to: { low: -1, high: 3 }, relative: 0.5 },
      { group: "x", from: { low: 0, high: 4 }, to: { low: 0, high: 3 }, relative: 0.25 },
    ]);
  });

  it("counts layers whose biases differ, not their numbers", () => {
    const a = withRecipe({ biases: { conv: [0, 1], gemm: [0.5], same: [2] } });
    const b = withRecipe({ biases: { conv: [0, 1.5], same: [2] } });
    expect(compareReports(a, b).biases).toEqual(["conv", "gemm"]);
    expect(compareReports(REPORT, b).biases).toEqual(["conv", "same"]);
    const factors = { relu_out: { divide: [2, 1], absorb: [0, 0] } };
    expect(compareReports(REPORT, withRecipe({ factors })).factors).toEqual(["relu_out"]);
  });

  it("gives the SQNR of weights and groups that changed, the largest change first", () => {
    const weight = REPORT.weights[0]!;
    const a = { ...REPORT, weights: [weight, { ...weight, name: "gemm_weight" }] };
    const b = {
      ...REPORT,
      weights: [
        { ...weight, leastSqnr: 12 },
        { ...weight, name: "gemm_weight", sqnr: 38 },
      ],
      ranges: [rangeReport("image", 42), rangeReport("relu_out", 21), rangeReport("logits", 30)],
    };
    const { weights, estimates } = compareReports(a, b);
    expect(weights.map(({ name, sqnr, leastSqnr }) => [name, sqnr.change, leastSqnr.change])).toEqual([
      ["gemm_weight", -3, 0],
      ["conv_weight", 0, -10],
    ]);
    expect(estimates).toEqual([
      { group: "logits", sqnr: { a: 35, b: 30, change: -5 } },
      { group: "image", sqnr: { a: 40, b: 42, change: 2 } },
    ]);
  });

  it("compares what was measured, with the interval of the drop", () => {
    const top1 = { float: 0.9, quantized: 0.895, drop: 0.005, interval: [-0.02, 0.03] as const };
    const { figures, notices } = compareReports(REPORT, measured({ top1 }));
    expect(notices).toEqual([]);
    expect(figures.find(({ figure }) => figure === "top-1, quantized")).toMatchObject({
      a: 0.88,
      b: 0.895,
      unit: "share",
    });
    expect(figures.find(({ figure }) => figure === "top-1, drop")).toMatchObject({
      intervals: { a: [-0.01, 0.05], b: [-0.02, 0.03] },
    });
    expect(figures.find(({ figure }) => figure === "size, quantized")).toMatchObject({
      a: 28_000,
      b: 28_000,
      change: 0,
    });
  });
});

describe("warns when the reports are not of one kind", () => {
  const evaluation = REPORT.evaluation!;
  const sha256 = "cd".repeat(32);
  it.each<[string, Report, RegExp, string[]]>([
    ["models", { ...REPORT, model: { ...REPORT.model, sha256 } }, /different models/, ["samples"]],
    ["numbers of samples", measured({ samples: 61 }), /A: 60 samples, 50 labelled; B: 61 samples/, ["samples"]],
    ["labels", measured({ top1: { ...evaluation.top1, float: 0.92 } }), /float model's accuracy differs/, ["samples"]],
    ["machines", measured({ latency: { ...evaluation.latency, machine: "a phone" } }), /a phone/, ["machine"]],
  ])("%s", (_, other, message, unlike) => {
    const { notices, figures } = compareReports(REPORT, other);
    expect(notices.map((notice) => notice.message).join("\n")).toMatch(message);
    const marked = (figure: string) => figures.find((entry) => entry.figure === figure)!.unlike !== null;
    expect([marked("SQNR"), marked("latency p50, quantized"), marked("size, quantized")]).toEqual([
      ...[unlike.includes("samples"), unlike.includes("machine"), false],
    ]);
  });

  it("an evaluation is missing: what is not measured is not made up", () => {
    const { notices, figures } = compareReports({ ...REPORT, evaluation: null }, REPORT);
    expect(notices).toMatchObject([{ message: "A has no evaluation, so no measured figures can be compared." }]);
    expect(figures.find(({ figure }) => figure === "SQNR")).toMatchObject({ a: null, b: 30, change: null });
    expect(figures.find(({ figure }) => figure === "size, quantized")).toMatchObject({ change: 0 });
  });
});
