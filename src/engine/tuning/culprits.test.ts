import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CULPRITS } from "../model/culprit.ts";
import type { Finding } from "../model/diagnosis.ts";
import type { ErrorWalk, OutputErrors, Sensitivity } from "../model/sensitivity.ts";
import { check } from "../schema/check.ts";
import { type CulpritRequest, culpritsOf, worseOf } from "./culprits.ts";

const errors = (sqnr: number): OutputErrors => ({ sqnr, mse: 0, cosine: 1, kl: null, drop: null });

/** SQNR of the outputs with a layer's weights, its activations and both quantized, and with all but it. */
type Measured = readonly [weights: number | null, activations: number, alone: number, without: number];

function sensitivityOf(all: number, layers: Readonly<Record<string, Measured>>): Sensitivity {
  return {
    ...{ samples: 4, wanted: 8, ranked: 6, labelled: 0, reliability: 1, all: errors(all) },
    layers: Object.entries(layers).map(([layer, [weights, activations, alone, without]]) => ({
      layer,
      weights: weights === null ? null : errors(weights),
      activations: errors(activations),
      alone: errors(alone),
      without: errors(without),
    })),
    kept: { bytes: 0, bound: 0 },
    executor: { runtime: "test", threads: 1 },
    seconds: 1,
    notices: [],
  };
}

function walkOf(steps: Readonly<Record<string, readonly [reads: number | null, makes: number]>>): ErrorWalk {
  return {
    samples: 8,
    steps: Object.entries(steps).map(([layer, [inputSqnr, sqnr]]) => ({
      layer,
      tensor: layer,
      sqnr,
      mse: 0,
      inputSqnr,
    })),
  };
}

const spread = (layer: string, loss: number): Finding => ({
  ...{ layer, cause: "channel-spread", sentence: "Channel ranges differ 34x.", figure: "SQNR 4.4 dB", loss },
  remedy: { edit: { kind: "granularity", granularity: "channel" }, sentence: "Give all weights a scale per channel." },
});
const EQUALIZE = { edit: { kind: "equalization" }, sentence: "Equalize channels." } as const;

const QUIET: CulpritRequest = {
  ...{
    layers: ["first", "second", "third"],
    findings: [],
    health: new Map(),
    sensitivity: null,
    walk: null,
    forAll: [],
  },
};
const namesOf = (request: Partial<CulpritRequest>) =>
  culpritsOf({ ...QUIET, ...request }).list.map(({ layer }) => layer);

describe("the one list of culprits", () => {
  it("is empty where no layer stands out", () => {
    const sensitivity = sensitivityOf(31, { first: [40, 45, 38, 31.2], second: [42, 44, 40, 31.1] });
    const walk = walkOf({ first: [null, 40], second: [40, 38] });
    expect(namesOf({ sensitivity, walk })).toEqual([]);
    const better = { first: [50, 50, 50, 50], second: [45, 45, 44, 45] } as const;
    expect(namesOf({ sensitivity: sensitivityOf(43, better) })).toEqual([]);
    expect(namesOf({ sensitivity: sensitivityOf(30, better) })).toEqual(["second", "first"]);
  });

  it("joins what four views said of four layers into one order, by what each alone was measured to cost", () => {
    const { list, samples } = culpritsOf({
      ...QUIET,
      findings: [spread("first", 41)],
      health: new Map([
        ["first", { weights: 4.4, activations: 51 }],
        ["second", { weights: 26, activations: 56 }],
      ]),
      sensitivity: sensitivityOf(-0.9, {
        first: [0.7, 29, 0.3, -4],
        second: [-1.2, 47, -0.9, -0.9],
        third: [null, 12, 12, 3],
      }),
      walk: walkOf({ first: [44.9, 16.4], second: [2.5, -3.9] }),
    });
    expect(list.map(({ layer, by }) => [layer, by])).toEqual([
      ["second", "alone"],
      ["first", "alone"],
      ["third", "alone"],
    ]);
    const [second, first, third] = list;
    expect(second).toMatchObject({ alone: -0.9, regained: 0, weights: 26, activations: 56, cause: null });
    expect(second!.entering).toBeCloseTo(6.4);
    expect(second!.power).toBeCloseTo(10 ** 0.09);
    expect(first).toMatchObject({ cause: "channel-spread", weights: 4.4, remedy: spread("first", 41).remedy });
    expect(first!.regained).toBeCloseTo(-3.1);
    expect(third).toMatchObject({ weights: null, remedy: { edit: { kind: "float", layer: "third" } } });
    expect(samples).toEqual({ sensitivity: 6, walk: 8 });
  });

  it("goes by where error enters where nothing was measured at the outputs, and else by the worse of weight and values", () => {
    const health = new Map([
      ["first", { weights: 4, activations: 50 }],
      ["second", { weights: 30, activations: 9 }],
    ]);
    const findings = [spread("first", 12), spread("second", 12)];
    expect(worseOf(health.get("first")!)).toBe(4);
    expect(worseOf(health.get("second")!)).toBe(9);
    expect(namesOf({ findings, health })).toEqual(["first", "second"]);
    const walk = walkOf({ first: [null, 40], second: [40, 10], third: [10, 6] });
    expect(namesOf({ findings, health, walk })).toEqual(["third", "second", "first"]);
  });

  it("keeps what samples showed to be harmless, behind all that they did not, and inputs that none was measured of last", () => {
    const sensitivity = sensitivityOf(18, { first: [60, 60, 55, 18], second: [15, 40, 15, 22] });
    const findings = [spread("first", 30), spread("input x", 25)];
    const health = new Map([["input x", { weights: null, activations: 3 }]]);
    expect(namesOf({ findings, sensitivity, health })).toEqual(["second", "first", "input x"]);
  });

  it("recommends equalization where weights ruin a layer and no scale per channel is to be had, and float where values do", () => {
    const sensitivity = sensitivityOf(2, { first: [3, 40, 3, 2.1], second: [40, 4, 4, 9] });
    const { list } = culpritsOf({ ...QUIET, sensitivity, forAll: [EQUALIZE] });
    expect(list.map(({ layer, remedy }) => [layer, remedy?.edit.kind])).toEqual([
      ["first", "equalization"],
      ["second", "float"],
    ]);
    expect(list[1]!.remedy!.sentence).toBe("Leave it in float: +7.00 dB at the outputs (measured).");
  });

  it("is a document: never NaN, infinite figures ended, powers falling, no layer twice", () => {
    const decibels = fc.oneof(fc.double({ min: -40, max: 120 }), fc.constantFrom(Infinity, -Infinity, Number.NaN));
    const layers = QUIET.layers;
    const measured = fc.tuple(fc.option(decibels), decibels, decibels, decibels);
    fc.assert(
      fc.property(
        fc.array(measured, { maxLength: 3 }),
        fc.array(fc.tuple(fc.option(decibels), decibels), { maxLength: 3 }),
        fc.array(fc.tuple(fc.constantFrom(...layers, "input x"), fc.double({ min: 0, max: 100, noNaN: true }))),
        decibels,
        (alone, steps, found, all) => {
          const named = <T>(values: readonly T[]) =>
            Object.fromEntries(values.map((value, at) => [layers[at] as string, value]));
          const culprits = culpritsOf({
            ...QUIET,
            sensitivity: sensitivityOf(all, named(alone)),
            walk: walkOf(named(steps)),
            findings: found.map(([layer, loss]) => spread(layer, loss)),
          });
          expect(check(CULPRITS, JSON.parse(JSON.stringify(culprits)), "the list").value).toEqual(
            JSON.parse(JSON.stringify(culprits)),
          );
          const { list } = culprits;
          expect(new Set(list.map(({ layer }) => layer)).size).toBe(list.length);
          for (const [at, { by, power }] of list.entries()) {
            const next = list[at + 1];
            expect(Number.isNaN(power)).toBe(false);
            if (next?.by === by) expect(next.power).toBeLessThanOrEqual(power);
          }
        },
      ),
      { seed: 12, numRuns: 60 },
    );
  });
});
