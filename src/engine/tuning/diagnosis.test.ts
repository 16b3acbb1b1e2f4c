import { describe, expect, it } from "vitest";
import type { Cause, Finding } from "../model/diagnosis.ts";
import type { ActivationScheme } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import type { OutputErrors, Sensitivity } from "../model/sensitivity.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { chooseRange } from "../numerics/calibrators/index.ts";
import { clipFigures } from "../numerics/figures.ts";
import { drawFrom } from "../numerics/testing/distributions.ts";
import { observe } from "../numerics/testing/observe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { planQuantization } from "../plan/plan.ts";
import { ORT } from "../targets/ort.ts";
import { Diagnosis } from "./diagnosis.ts";

const UINT8: ActivationScheme = { type: "uint8", symmetric: false };
const INT8: ActivationScheme = { type: "int8", symmetric: true };

const RECIPE: Recipe = { ...PLAIN_RECIPE, activations: UINT8 };

/** What the two tensors of the model below held, and its weight. */
interface Case {
  readonly input?: Float32Array;
  readonly output?: Float32Array;
  readonly weight?: (channel: number) => number;
  readonly bias?: (channel: number) => number;
  readonly recipe?: Partial<Recipe>;
  readonly sensitivity?: Sensitivity;
}

const CHANNELS = 16;

/** A Conv with a Relu: x -> first -> relu -> y. */
function findings(given: Case): Finding[] {
  const { input = drawFrom("gaussian", 20_000), output = drawFrom("relu of a gaussian", 20_000) } = given;
  const weight = noise([CHANNELS, 4, 3, 3], 7);
  const perChannel = 36;
  const scaled = (weight.data as Float32Array).map((w, i) => w * (given.weight?.(Math.floor(i / perChannel)) ?? 1));
  const bias = Float32Array.from({ length: CHANNELS }, (_, channel) => given.bias?.(channel) ?? 0.1);
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 4, 8, 8])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv" }),
      makeNode("Relu", ["c"], ["y"], { name: "relu" }),
    ],
    constants: {
      w: { ...weight, data: scaled },
      b: { type: "float32", dims: [CHANNELS], data: bias },
    },
  });
  const types = new Map(["x", "c", "y"].map((name) => [name, "float32" as const]));
  const recipe = { ...RECIPE, ...given.recipe };
  const planOf = (float: Recipe["float"]) => planQuantization(model.graph!, types, { ...PLAIN_RECIPE, float }, ORT);
  const steps = new Diagnosis().diagnose({
    plan: planOf(recipe.float),
    recipe,
    statistics: new Map([
      ["x", observe(input)],
      ["y", observe(output)],
    ]),
    sensitivity: given.sensitivity ?? null,
    planWithout: (layer) => planOf({ ...recipe.float, layers: [...recipe.float.layers, layer] }),
    planWithoutTensor: (tensor) => planOf({ ...recipe.float, tensors: [...recipe.float.tensors, tensor] }),
  });
  for (;;) {
    const step = steps.next();
    if (step.done) return [...step.value.findings];
  }
}

function only(given: Case, cause: Cause): Finding {
  const found = findings(given);
  expect(found.map((finding) => finding.cause)).toEqual([cause]);
  return found[0]!;
}

/** SQNR of values under a method. */
function sqnr(values: Float32Array, scheme: ActivationScheme, method: "minmax" | "mse") {
  const statistics = observe(values);
  return clipFigures(statistics, scheme, chooseRange(method, statistics, scheme)).sqnr;
}

describe("a model that quantizes well", () => {
  it.each([
    ["by default", {}],
    ["by min-max", { method: "minmax" }],
    ["with one scale a weight", { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } }],
  ] as const)("gives no finding %s", (_, recipe) => {
    expect(findings({ recipe })).toEqual([]);
  });
});

describe("outliers", () => {
  const values = drawFrom("gaussian", 20_000);
  const input = Float32Array.from({ length: 2_000_000 }, (_, i) => (i < 2 ? 40 - 80 * i : values[i % values.length]!));
  const symmetric = { input, output: values };
  const recipe = { activations: INT8, method: "minmax" } as const;

  it("are named with what the best method gains", () => {
    const finding = only({ ...symmetric, recipe }, "outliers");
    expect(finding.layer).toBe("input x");
    expect(finding.figure).toMatch(
      /^99\.9 % of the values within 3\.\d+, the largest 40\.0, SQNR 20\.\d dB \(estimated\)$/,
    );
    expect(finding.remedy?.edit).toEqual({ kind: "method", group: "x", method: "mse" });
    expect(finding.loss).toBeCloseTo(sqnr(input, INT8, "mse") - sqnr(input, INT8, "minmax"), 6);
    expect(finding.remedy?.sentence).toContain(`+${finding.loss.toPrecision(3)} dB`);
  });

  it("are none once the range is the best", () => {
    expect(findings({ ...symmetric, recipe: { ...recipe, methods: { x: "mse" } } })).toEqual([]);
  });

  it("are looked for in the resolved range", () => {
    const resolved = { x: { low: -5, high: 5 }, y: { low: -4, high: 4 } };
    expect(findings({ ...symmetric, recipe: { ...recipe, resolved } })).toEqual([]);
  });
});

describe("clipping", () => {
  it("is named where a range by hand is too narrow", () => {
    const finding = only({ recipe: { ranges: { y: { low: 0, high: 0.5 } } } }, "clipping");
    expect(finding.layer).toBe("conv");
    expect(finding.figure).toMatch(/^3\d\.\d % of the values clipped, >?9\d\.\d % of the error/);
    expect(finding.remedy?.edit).toEqual({ kind: "method", group: "y", method: "mse" });
  });
});

describe("few levels", () => {
  it("are named where a range reaches far beyond the values", () => {
    const finding = only({ recipe: { ranges: { y: { low: 0, high: 100 } } } }, "few-levels");
    expect(finding.figure).toMatch(/^12 of 256 codes used, values within [34]\.\d+/);
    expect(finding.remedy?.edit).toMatchObject({ kind: "method", method: "mse" });
  });

  const bulk = (large: number) =>
    Float32Array.from({ length: 200_000 }, (_, i) => 2 * ((i % 997) / 997) * (i % 17_000 === 996 ? large : 1));

  it("send a layer to float when no range helps", () => {
    const finding = findings({ output: bulk(300) }).find(({ cause }) => cause === "few-levels");
    expect(finding?.figure).toMatch(/^\d+ of 256 codes used, [01]\.\d+ bits of information, SQNR 1\d\.\d dB/);
    expect(finding?.remedy?.edit).toEqual({ kind: "float", layer: "conv" });
    expect(finding?.loss).toBeGreaterThan(0);
  });

  it("are no finding where the large values make up the signal", () => {
    expect(findings({ output: bulk(30_000) })).toEqual([]);
  });
});

describe("a one-sided range", () => {
  it("costs a bit in a symmetric type", () => {
    const finding = only({ recipe: { activations: INT8, method: "minmax" } }, "one-sided");
    expect(finding.layer).toBe("conv");
    expect(finding.loss).toBeGreaterThan(5.5);
    expect(finding.loss).toBeLessThan(6.5);
    expect(finding.remedy?.edit).toEqual({ kind: "activations", activations: UINT8 });
  });

  it("costs nothing in an asymmetric one, nor where values have both signs", () => {
    expect(findings({ recipe: { activations: { type: "int8", symmetric: false } } })).toEqual([]);
    const output = drawFrom("gaussian", 20_000);
    expect(findings({ output, recipe: { activations: INT8, method: "minmax" } })).toEqual([]);
  });
});

describe("dead tensors", () => {
  it("are said plainly, without a remedy", () => {
    expect(only({ output: new Float32Array(100) }, "dead")).toMatchObject({
      loss: 0,
      remedy: null,
      sentence: expect.stringContaining("zero"),
      figure: "all 100 values of 1 sample are 0",
    });
    expect(only({ output: new Float32Array(100).fill(0.7) }, "dead").sentence).toContain("the same");
    expect(only({ output: new Float32Array(3).fill(Number.NaN) }, "dead").figure).toContain("3 NaN");
  });

  it("may be channels of a weight", () => {
    const finding = only({ weight: (channel) => (channel < 4 ? 0 : 1) }, "dead");
    expect(finding).toMatchObject({ layer: "conv", remedy: null, figure: expect.stringMatching(/^4 of 16 channels/) });
    expect(findings({ weight: (channel) => (channel < 1 ? 0 : 1) })).toEqual([]);
  });
});

describe("channel ranges that differ", () => {
  const weight = (channel: number) => (channel === 0 ? 300 : 1);
  const tensor = { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } } as const;

  it("are named where one scale serves them all", () => {
    const finding = only({ weight, recipe: tensor }, "channel-spread");
    expect(finding.sentence).toMatch(/^Channel ranges differ 3\d\dx/);
    expect(finding.remedy?.edit).toEqual({ kind: "granularity", granularity: "channel" });
    expect(finding.loss).toBeGreaterThan(30);
  });

  it("do no harm with a scale each", () => {
    expect(findings({ weight })).toEqual([]);
  });

  it("do not count channels that are dead", () => {
    expect(findings({ weight: (channel) => (channel === 0 ? 1e-9 : 1), recipe: tensor })).toEqual([]);
  });
});

describe("a bias that overflows", () => {
  it("is named where it costs the weights their resolution", () => {
    const given = { weight: (c: number) => (c < 2 ? 1e-5 : 1), bias: (c: number) => (c < 2 ? 1e5 : 0.1) };
    const finding = only(given, "bias-overflow");
    expect(finding.figure).toMatch(/^12\.5 % of the channels raised/);
    expect(finding.remedy?.edit).toEqual({ kind: "float", layer: "conv" });
  });

  it("is no finding where the weights keep theirs", () => {
    expect(findings({ bias: () => 1e3 })).toEqual([]);
  });
});

describe("a measured sensitivity", () => {
  const errors = (decibel: number): OutputErrors => ({ sqnr: decibel, mse: 1, cosine: 1, kl: null, drop: null });
  const sensitivity = (without: number): Sensitivity => ({
    samples: 8,
    wanted: 8,
    labelled: 0,
    reliability: null,
    ranked: 4,
    all: errors(20),
    layers: [
      { layer: "conv", weights: errors(25), activations: errors(30), alone: errors(24), without: errors(without) },
    ],
    kept: { bytes: 0, bound: 0 },
    executor: { runtime: "test", threads: 1 },
    seconds: 1,
    notices: [],
  });

  it("names a layer that nothing else explains, with what float regains and takes", () => {
    const finding = only({ sensitivity: sensitivity(24.5) }, "sensitive");
    expect(finding.loss).toBeCloseTo(4.5, 9);
    expect(finding.figure).toContain("measured on 8 samples");
    expect(finding.remedy).toMatchObject({
      edit: { kind: "float", layer: "conv" },
      sentence: "Leave it in float: +4.50 dB at the outputs (measured) for about 1.73 kB more.",
    });
  });

  it("is silent where little is regained, or a cause is known", () => {
    expect(findings({ sensitivity: sensitivity(20.5) })).toEqual([]);
    only({ sensitivity: sensitivity(30), recipe: { ranges: { y: { low: 0, high: 0.5 } } } }, "clipping");
  });
});

describe("the order", () => {
  it("has the greatest loss first and is the same every time", () => {
    const given: Case = {
      weight: (channel) => (channel === 0 ? 300 : channel > 12 ? 0 : 1),
      recipe: {
        weights: { type: "int8", granularity: "tensor", rounding: "nearest" },
        ranges: { x: { low: -0.5, high: 0.5 }, y: { low: 0, high: 100 } },
      },
    };
    const found = findings(given);
    expect(found.map(({ cause }) => cause).sort()).toEqual(["channel-spread", "clipping", "dead", "few-levels"]);
    expect(found.map(({ loss }) => loss)).toEqual(found.map(({ loss }) => loss).sort((a, b) => b - a));
    expect(findings(given)).toEqual(found);
  });

  it("leaves out a layer in float", () => {
    const float = { layers: ["conv"], operators: [], tensors: [] };
    expect(findings({ weight: () => 0, recipe: { float } })).toEqual([]);
  });
});
