import { describe, expect, it } from "vitest";
import * as history from "../../studio/state/history.ts";
import type { Remedy } from "../model/diagnosis.ts";
import type { Recipe } from "../model/recipe.ts";
import { withFormat } from "./edits.ts";
import { isApplied, withRemedy } from "./remedies.ts";

const UINT8 = { type: "uint8", symmetric: false } as const;
const RECIPE: Recipe = {
  version: 1,
  model: { name: "m", sha256: "" },
  preparation: 1,
  format: "qdq",
  activations: { type: "int8", symmetric: true },
  weights: { type: "int8", granularity: "tensor", rounding: "nearest" },
  corrections: { equalization: false, bias: "none" },
  method: "minmax",
  methods: { b: "entropy" },
  ranges: { a: { low: -9, high: 9 } },
  float: { layers: [], operators: [], tensors: [] },
  elementwise: "join",
  preprocess: null,
  seed: 0,
  inputs: { shapes: {}, values: {}, state: {} },
  resolved: { a: { low: -9, high: 9 }, b: { low: 0, high: 1 } },
  factors: null,
  biases: { conv: [1] },
  spared: null,
  unjoined: null,
  rounding: null,
  prints: null,
};

const REMEDIES: readonly Remedy[] = [
  { kind: "method", group: "a", method: "mse" },
  { kind: "activations", activations: UINT8 },
  { kind: "granularity", granularity: "channel" },
  { kind: "equalization" },
  { kind: "smoothing" },
  { kind: "bias", bias: "empirical" },
  { kind: "rounding" },
  { kind: "float", layer: "conv" },
];

describe("withRemedy", () => {
  it.each(REMEDIES)("$kind is not there before, is there after, and Undo takes it back", (remedy) => {
    expect(isApplied(RECIPE, remedy)).toBe(false);
    const after = withRemedy(RECIPE, remedy);
    expect(isApplied(after, remedy)).toBe(true);
    expect(withRemedy(after, remedy)).toEqual(after);
    const edited = history.edit(history.begin(RECIPE), after, remedy.kind, 0);
    expect(history.undo(edited).present).toBe(RECIPE);
  });

  it("gives a method its range, and lets the engine find it where it is not known", () => {
    const remedy = REMEDIES[0]!;
    const known = withRemedy(RECIPE, remedy, { low: -2, high: 2 });
    expect(known).toMatchObject({ methods: { a: "mse", b: "entropy" }, ranges: {} });
    expect(known.resolved).toEqual({ a: { low: -2, high: 2 }, b: { low: 0, high: 1 } });
    const open = withRemedy(RECIPE, remedy);
    expect(open).toMatchObject({ methods: { a: "mse", b: "entropy" }, ranges: {}, resolved: null });
  });

  it("is not applied where activations are in float, whatever type they would have", () => {
    const remedy = { kind: "activations", activations: UINT8 } as const;
    const inFloat = withFormat({ ...RECIPE, activations: UINT8 }, "weights");
    expect(isApplied(inFloat, remedy)).toBe(false);
    expect(isApplied(withRemedy(inFloat, remedy), remedy)).toBe(true);
    expect(isApplied({ ...RECIPE, activations: { symmetric: false, type: "uint8" } }, remedy)).toBe(true);
  });

  it("takes back what no longer fits", () => {
    expect(withRemedy(RECIPE, { kind: "equalization" })).toMatchObject({ resolved: null, biases: null });
    expect(withRemedy(RECIPE, { kind: "granularity", granularity: "channel" })).toMatchObject({ biases: null });
    expect(withRemedy(RECIPE, { kind: "bias", bias: "analytic" }).biases).toBeNull();
    expect(withRemedy(RECIPE, { kind: "activations", activations: UINT8 }).resolved).toBeNull();
  });
});
