import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Culprit } from "../model/culprit.ts";
import type { Remedy } from "../model/diagnosis.ts";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { isApplied } from "../recipe/remedies.ts";
import { applyDecisions } from "./decisions.ts";
import { type Found, search } from "./search.ts";
import { stepsTo } from "./searchChain.ts";
import { rescueSteps } from "./searchSteps.ts";

const START: Recipe = {
  ...PLAIN_RECIPE,
  weights: { ...PLAIN_RECIPE.weights, granularity: "tensor" },
  corrections: { equalization: false, bias: "none" },
};
const REMEDIES = [
  { kind: "granularity", granularity: "channel" },
  { kind: "method", group: "a", method: "mse" },
  { kind: "method", group: "b", method: "mse" },
  { kind: "equalization" },
  { kind: "bias", bias: "empirical" },
] as const satisfies readonly Remedy[];

/** What is left of the error with each remedy, and what each layer errs. */
interface World {
  readonly factors: readonly number[];
  readonly layers: readonly number[];
}

const world: fc.Arbitrary<World> = fc.record({
  factors: fc.array(fc.constantFrom(0.01, 0.2, 0.9, 1.5, 4), {
    minLength: REMEDIES.length,
    maxLength: REMEDIES.length,
  }),
  layers: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 }),
});

const nameOf = (index: number) => `layer${index}`;
const suggested = (edits: readonly Remedy[]) => edits.map((edit) => ({ edit, sentence: "" }));

function errorOf({ factors, layers }: World, recipe: Recipe): number {
  const factor = REMEDIES.reduce((all, remedy, at) => all * (isApplied(recipe, remedy) ? factors[at]! : 1), 1);
  const integer = layers.filter((_, at) => !recipe.float.layers.includes(nameOf(at)));
  return 1e-9 + factor * integer.reduce((sum, error) => sum + error, 0);
}

async function rescued(made: World, decibels: number, abortAfter = Infinity): Promise<Found> {
  const controller = new AbortController();
  let measured = 0;
  const tools = {
    measure: async (recipe: Recipe) => {
      if (measured++ === abortAfter) controller.abort();
      controller.signal.throwIfAborted();
      const sqnr = -10 * Math.log10(errorOf(made, recipe));
      const floatLayers = recipe.float.layers.length;
      return { recipe, bytes: 100 + floatLayers, floatLayers, sqnr, ...NOT_JUDGED };
    },
    layers: made.layers.length,
    order: async () => made.layers.map((_, at) => ({ layer: nameOf(at), cost: 3, hasWeights: true })),
    rescue: async (recipe: Recipe) => {
      const open = REMEDIES.filter((remedy) => !isApplied(recipe, remedy));
      return rescueSteps({ list: [], forAll: suggested(open) });
    },
    onPoint: () => undefined,
    sampleShare: 0,
    signal: controller.signal,
    seconds: () => 0,
  };
  const request = { limit: { kind: "sqnr", decibels }, goal: "size", budget: null, rescue: true } as const;
  return search(START, request, tools);
}

const NOT_JUDGED = { top1: null, perplexity: null, expected: null, latency: null };

describe("the steps of a rescue", () => {
  it("are the remedies of the culprits in their order, each once, all ranges as one, and neither float nor learned rounding is one of them", () => {
    const culprit = (edit: Remedy | null) =>
      ({ remedy: edit && { edit, sentence: "" } }) as Pick<Culprit, "remedy"> as Culprit;
    const [channel, a, b, equalize, bias] = REMEDIES;
    const list = [culprit(a), culprit({ kind: "float", layer: "x" }), culprit(channel), culprit(b), culprit(null)];
    const steps = rescueSteps({
      list: [...list, culprit(channel)],
      forAll: suggested([channel, equalize, bias, { kind: "rounding" }]),
    });
    expect(steps.map(({ label, remedies }) => [label, remedies.length])).toEqual([
      ["2 ranges by MSE", 2],
      ["weights with a scale per channel", 1],
      ["equalization", 1],
      ["empirical bias correction", 1],
    ]);
  });
});

describe("a rescue", () => {
  it("measures nothing more where the limit is kept as given", async () => {
    const { points, chosen } = await rescued({ factors: [1, 1, 1, 1, 1], layers: [0.001] }, 20);
    expect(points.map(({ label }) => label)).toEqual(["as given"]);
    expect(chosen).toBe(0);
  });

  it("goes on from each remedy that helps, passes over those that do not, and ends where the limit is kept", async () => {
    const { points, chosen } = await rescued({ factors: [4, 0.9, 0.9, 0.2, 0.01], layers: [1] }, 25);
    expect(points.map(({ label, accepted }) => [label, accepted])).toEqual([
      ["as given", true],
      ["weights with a scale per channel", false],
      ["2 ranges by MSE", true],
      ["weights with a scale per channel", false],
      ["equalization", true],
      ["weights with a scale per channel", false],
      ["empirical bias correction", true],
    ]);
    expect(chosen).toBe(6);
    expect(stepsTo(points, 6).map(({ label }) => label)).toEqual([
      "2 ranges by MSE",
      "equalization",
      "empirical bias correction",
    ]);
    expect(stepsTo(points, 6)[0]!.sqnr).toBeCloseTo(-20 * Math.log10(0.9));
  });

  it("lets the expected drop miss by one judging sample, unless the recipe as given does, which failed on others", async () => {
    const run = (expected: readonly number[]) => {
      let at = 0;
      const measure = async (recipe: Recipe) => ({
        ...{ recipe, bytes: 100, floatLayers: 0, sqnr: at },
        top1: { float: 1, quantized: 1, drop: 0, interval: [0, 0] as const },
        ...{ perplexity: null, latency: null, expected: expected[at++] ?? 1 },
      });
      const request = { limit: { kind: "drop", share: 0.01 }, goal: "size", budget: null, rescue: true } as const;
      const tools = {
        ...{ measure, layers: 0, order: async () => [], onPoint: () => undefined },
        ...{ sampleShare: 0.02, seconds: () => 0 },
      };
      const rescue = async () => rescueSteps({ list: [], forAll: suggested(REMEDIES) });
      return search(START, request, { ...tools, rescue, signal: new AbortController().signal });
    };
    expect((await run([0.5, 0.025])).points.map(({ passed }) => passed)).toEqual([false, true]);
    expect((await run([0.025, 0.02, 0.01])).points.map(({ passed }) => passed)).toEqual([false, false, true]);
    expect((await run([0.01])).points.map(({ passed }) => passed)).toEqual([true]);
  });

  it("leaves as few layers in float as it takes where no remedy is enough", async () => {
    const { points, chosen } = await rescued({ factors: [4, 4, 4, 4, 4], layers: [0.9, 0.5, 0.2, 0.005] }, 20);
    expect(points[chosen!]!.recipe.float.layers).toEqual(["layer0", "layer1", "layer2"]);
  });

  it("ends with the limit kept, or with the nearest point, each step of which came nearer; a shorter one is its beginning", async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.integer({ min: -5, max: 45 }), fc.nat({ max: 6 }), async (made, limit, stop) => {
        const { points, chosen, best } = await rescued(made, limit);
        expect(chosen !== null).toBe(points.some(({ passed }) => passed));
        const first = points.findIndex(({ passed }) => passed);
        const floats = points.map(({ floatLayers }) => floatLayers);
        if (first >= 0 && floats[first] === 0) expect(first).toBe(points.length - 1);
        const found = points[best]!;
        expect(applyDecisions(START, found.decisions)).toEqual(found.recipe);
        for (const { sqnr, label } of stepsTo(points, best)) expect(sqnr, label).toBeGreaterThan(0);
        const cut = await rescued(made, limit, stop + 1);
        expect(cut.points.map(({ label }) => label)).toEqual(
          points.slice(0, cut.points.length).map(({ label }) => label),
        );
      }),
      { seed: 5, numRuns: 60 },
    );
  });
});
