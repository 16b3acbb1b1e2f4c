import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import type { TuneRequest } from "../model/tuning.ts";
import { unlearned } from "../recipe/change.ts";
import { layerFormOf } from "../recipe/layerForms.ts";
import { applyDecisions } from "./decisions.ts";
import { type Found, type Measurement, type SearchTools, search } from "./search.ts";
import { stepsTo } from "./searchChain.ts";
import { compareBy } from "./searchRank.ts";

const START: Recipe = {
  ...PLAIN_RECIPE,
  weights: { ...PLAIN_RECIPE.weights, granularity: "tensor" },
  float: { ...PLAIN_RECIPE.float, operators: ["Softmax"] },
};

interface World {
  readonly layers: readonly { readonly error: number; readonly weights: number }[];
  /** What is left of the error with equalization, and with bias correction. */
  readonly equalized: number;
  readonly corrected: number;
  /** Of how many samples top-1 is made, and by how many of them it is off. */
  readonly judges: number;
  readonly luck: readonly number[];
}

const world: fc.Arbitrary<World> = fc.record({
  layers: fc.array(fc.record({ error: fc.double({ min: 0, max: 1, noNaN: true }), weights: fc.nat({ max: 5000 }) }), {
    minLength: 1,
    maxLength: 12,
  }),
  equalized: fc.double({ min: 0.01, max: 2, noNaN: true }),
  corrected: fc.double({ min: 0.01, max: 2, noNaN: true }),
  judges: fc.integer({ min: 1, max: 100 }),
  luck: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 7 }),
});

const request: fc.Arbitrary<Omit<TuneRequest, "samples">> = fc.record({
  limit: fc.oneof(
    fc.record({ kind: fc.constant("drop" as const), share: fc.constantFrom(0, 0.01, 0.1) }),
    fc.record({ kind: fc.constant("sqnr" as const), decibels: fc.integer({ min: -10, max: 60 }) }),
  ),
  goal: fc.constantFrom("size" as const, "latency" as const),
  budget: fc.constant(null),
});

const nameOf = (index: number) => `layer${index}`;

/** The recipe with what is learned, which follows from its settings. */
function settled(recipe: Recipe): Recipe {
  const kept = `${recipe.corrections.equalization} ${[...recipe.float.layers].sort()}`;
  return {
    ...recipe,
    resolved: { input: { low: 0, high: kept.length } },
    factors: recipe.corrections.equalization ? { input: { divide: [2], absorb: [0] } } : null,
    biases: recipe.corrections.bias === "none" ? null : { layer0: [kept.length] },
  };
}

/** What layers come to in each form: bytes a weight, and what is left of their error. */
const FORMS = {
  f32: { bytes: 4, error: 0 },
  f16: { bytes: 2, error: 1e-4 },
  w8: { bytes: 1, error: 0.9 },
  w4: { bytes: 0.5, error: 30 },
  a16: { bytes: 1, error: 0.01 },
} as const;

/** A made-up world in which single layers have forms, and a made-up clock: what each layer takes in integers, and in float. */
interface FormWorld {
  readonly layers: readonly {
    readonly error: number;
    readonly weights: number;
    readonly integer: number;
    readonly float: number;
  }[];
}

function measureForms({ layers }: FormWorld, recipe: Recipe): Measurement {
  const kept = layers.map((layer, index) => ({ ...layer, form: layerFormOf(recipe, nameOf(index)) }));
  const sum = (of: (layer: (typeof kept)[number]) => number) => kept.reduce((total, layer) => total + of(layer), 0);
  const error = 1e-9 + sum(({ error: own, form }) => own * (form ? FORMS[form].error : 1));
  return {
    recipe: settled(recipe),
    bytes: 100 + sum(({ weights, form }) => weights * (form ? FORMS[form].bytes : 1)),
    floatLayers: recipe.float.layers.length,
    sqnr: -10 * Math.log10(error),
    ...{ top1: null, perplexity: null, expected: null },
    latency: sum(({ form, integer, float }) => (form ? float : integer)),
  };
}

const formWorld: fc.Arbitrary<FormWorld> = fc.record({
  layers: fc.array(
    fc.record({
      error: fc.double({ min: 0, max: 1, noNaN: true }),
      weights: fc.nat({ max: 5000 }),
      integer: fc.integer({ min: 1, max: 100 }),
      float: fc.integer({ min: 1, max: 100 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
});

async function mixed(
  made: FormWorld,
  { goal = "size", decibels = 20, mix = true }: { goal?: TuneRequest["goal"]; decibels?: number; mix?: boolean } = {},
  start = START,
): Promise<Found> {
  return search(
    start,
    { limit: { kind: "sqnr", decibels }, goal, budget: null, mix },
    {
      measure: async (recipe) => measureForms(made, recipe),
      layers: made.layers.length,
      order: async () =>
        made.layers.map(({ weights }, index) => ({ layer: nameOf(index), cost: 3 * weights, hasWeights: weights > 0 })),
      rescue: async () => [],
      onPoint: () => undefined,
      sampleShare: 0,
      signal: new AbortController().signal,
      seconds: () => 0,
    },
  );
}

function measureIn({ layers, equalized, corrected, judges, luck }: World, recipe: Recipe): Measurement | null {
  const float = new Set(recipe.float.layers);
  const kept = layers.map((layer, index) => ({ ...layer, type: weightTypeOf(recipe.weights, nameOf(index)) }));
  const integer = kept.filter((_, index) => !float.has(nameOf(index)));
  if (integer.length === 0) return null;
  const { equalization, bias } = recipe.corrections;
  const factor = (equalization ? equalized : 1) * (bias === "none" ? 1 : corrected);
  const error = integer.reduce((sum, { error: own, type }) => sum + own * (type === "int8" ? 1 : 256), 1e-9) * factor;
  const wrong = Math.min(judges, Math.max(0, Math.floor(error * judges) + luck[float.size % luck.length]!));
  const widths = { int8: 1, int4: 0.5 } as const;
  const bytes = kept.reduce(
    (sum, { weights, type }, i) => sum + weights * (float.has(nameOf(i)) ? 4 : widths[type as keyof typeof widths]),
    100,
  );
  return {
    recipe: settled(recipe),
    bytes,
    floatLayers: float.size,
    sqnr: -10 * Math.log10(error),
    top1: { float: 1, quantized: 1 - wrong / judges, drop: wrong / judges, interval: [0, 1] },
    perplexity: null,
    expected: Math.min(1, Math.floor(error * 50) / 50),
    latency: bytes % 17,
  };
}

interface Trial extends Found {
  readonly streamed: readonly Found[];
  /** How many points were expected in all, before each. */
  readonly expected: readonly number[];
}

async function run(
  made: World,
  wanted: Omit<TuneRequest, "samples">,
  { abortAfter = Infinity, start = START } = {},
): Promise<Trial> {
  const controller = new AbortController();
  const streamed: Found[] = [];
  const expected: number[] = [];
  let measured = 0;
  const tools: SearchTools = {
    layers: made.layers.length,
    measure: async (recipe, _, ahead) => {
      expected.push(measured + 1 + ahead);
      if (measured === abortAfter) controller.abort();
      controller.signal.throwIfAborted();
      measured++;
      return measureIn(made, recipe);
    },
    order: async () =>
      made.layers.map(({ weights }, index) => ({ layer: nameOf(index), cost: 3 * weights, hasWeights: weights > 0 })),
    rescue: async () => [],
    onPoint: (found) => streamed.push(found),
    sampleShare: 0,
    signal: controller.signal,
    seconds: () => measured,
  };
  return { ...(await search(start, wanted, tools)), streamed, expected };
}

const settingsOf = (recipe: Recipe) => unlearned(recipe);

describe("a search", () => {
  it("chooses a point that keeps the limit and is the smallest, or fastest, of all that do", async () => {
    await fc.assert(
      fc.asyncProperty(world, request, async (made, wanted) => {
        const { points, chosen, best, ended } = await run(made, wanted);
        const passed = points.filter((point) => point.passed);
        expect(chosen === null).toBe(passed.length === 0);
        expect(ended).toBe(chosen === null ? "exhausted" : "found");
        for (const { top1, expected, sqnr, passed: kept } of points) {
          const { limit } = wanted;
          const drop = Math.max(top1!.drop, expected!);
          expect(kept).toBe(limit.kind === "drop" ? drop <= limit.share + 1e-12 : sqnr >= limit.decibels);
        }
        const offered = points[best]!;
        if (chosen === null) {
          const miss = points.map(({ top1, expected, sqnr }) =>
            wanted.limit.kind === "drop" ? Math.max(top1!.drop, expected!) : -sqnr,
          );
          expect(miss[best]).toBe(Math.min(...miss));
        } else {
          expect(best).toBe(chosen);
          const cost = wanted.goal === "size" ? "bytes" : "latency";
          expect(offered[cost]).toBe(Math.min(...passed.map((point) => point[cost]!)));
        }
      }),
    );
  });

  it("tries a prefix of the same points when it has a budget, and the same points each time", async () => {
    await fc.assert(
      fc.asyncProperty(world, request, fc.nat({ max: 20 }), async (made, wanted, budget) => {
        const whole = await run(made, wanted);
        const again = await run(made, wanted);
        const short = await run(made, { ...wanted, budget });
        expect(again).toEqual(whole);
        const labels = (trial: Trial) => trial.points.map(({ decisions }) => decisions);
        expect(labels(short)).toEqual(labels(whole).slice(0, short.points.length));
        expect(short.points.length).toBeGreaterThan(0);
        if (short.ended === "budget") expect(short.points.length).toBeLessThanOrEqual(Math.max(1, budget));
        else expect(short.points).toEqual(whole.points);
      }),
    );
  });

  it("keeps what it has when it is cancelled, and has nothing before the first point", async () => {
    await fc.assert(
      fc.asyncProperty(world, request, fc.integer({ min: 1, max: 20 }), async (made, wanted, abortAfter) => {
        const whole = await run(made, wanted);
        const cut = await run(made, wanted, { abortAfter });
        if (cut.ended === "cancelled") expect(cut.points.length).toBeLessThanOrEqual(abortAfter);
        const measured = (trial: Trial) => trial.points.map(({ accepted: _, ...point }) => point);
        expect(measured(cut)).toEqual(measured(whole).slice(0, cut.points.length));
        await expect(run(made, wanted, { abortAfter: 0 })).rejects.toThrow(/abort/i);
      }),
    );
  });

  it("gives decisions that replay: applied to the start and settled they are the point's recipe", async () => {
    await fc.assert(
      fc.asyncProperty(world, request, async (made, wanted) => {
        const { points } = await run(made, wanted);
        expect(points[0]!.decisions).toEqual([]);
        for (const { decisions, recipe } of points) {
          expect(settled(applyDecisions(START, decisions))).toEqual(recipe);
          expect(settled(applyDecisions(points[0]!.recipe, decisions))).toEqual(recipe);
        }
      }),
    );
  });

  it("measures no recipe twice, streams every point, and goes on from points that it marks", async () => {
    await fc.assert(
      fc.asyncProperty(world, request, async (made, wanted) => {
        const { points, streamed } = await run(made, wanted);
        const keys = points.map(({ recipe }) => JSON.stringify([recipe.corrections, [...recipe.float.layers].sort()]));
        expect(new Set(keys).size).toBe(keys.length);
        expect(streamed.at(-1)).toMatchObject({ points });
        expect(points.some(({ accepted }) => accepted)).toBe(true);
      }),
    );
  });
});

const SQNR_20 = { limit: { kind: "sqnr", decibels: 20 }, goal: "size", budget: null } as const;

function worldOf(errors: readonly number[], factors: Partial<World> = {}): World {
  const layers = errors.map((error, i) => ({ error, weights: 100 * (i + 1) }));
  return { layers, equalized: 1, corrected: 1, judges: 100, luck: [0], ...factors };
}

describe("the order of steps", () => {
  it("is corrections first, in a fixed order, and no layer in float where they are enough", async () => {
    const { points, chosen } = await run(worldOf([0.1, 0.1], { equalized: 0.1, corrected: 0.1 }), SQNR_20);
    expect(points.map(({ label }) => label)).toEqual([
      "as given",
      "with empirical bias correction",
      "with equalization",
      "with equalization and empirical bias correction",
    ]);
    expect(points.map(({ passed }) => passed)).toEqual([false, false, false, true]);
    expect(chosen).toBe(3);
  });

  it("tells how many points come at most: of two layers three more where the limit is not kept, and none once it is", async () => {
    const late = await run(worldOf([0.1, 0.1], { equalized: 0.1, corrected: 0.1 }), SQNR_20);
    expect(late.expected).toEqual([7, 7, 7, 7]);
    const early = await run(worldOf([1e-6, 1e-6]), SQNR_20);
    expect(early.points[0]?.passed).toBe(true);
    expect(early.expected).toEqual([7, 4, 4, 4]);
    const long = await run(worldOf([0.3, 0.3, 0.3, 0.3, 0.3]), SQNR_20);
    expect(long.points.length).toBeGreaterThan(6);
    expect(long.expected.at(-1)).toBeGreaterThanOrEqual(long.points.length);
  });

  it("leaves out corrections that the recipe has", async () => {
    const start: Recipe = { ...START, corrections: { equalization: false, bias: "analytic" } };
    const { points } = await run(worldOf([1e-6]), SQNR_20, { start });
    expect(points.map(({ label }) => label)).toEqual(["as given", "with equalization"]);
    expect(points[1]!.recipe.corrections).toEqual({ equalization: true, bias: "analytic" });
  });

  it("doubles the layers in float until the limit is kept, halves the step, and gives back what was not needed", async () => {
    const errors = [1, 0, 0, 1, 1, 0, 0, 0, 0];
    const { points, chosen } = await run(worldOf(errors), SQNR_20);
    const float = points.slice(4).map(({ recipe }) => recipe.float.layers.length);
    expect(float).toEqual([1, 2, 4, 8, 6, 5, 4, 4, 3, 2]);
    expect(points[chosen!]!.recipe.float.layers).toEqual(["layer0", "layer3", "layer4"]);
    expect(points.filter(({ accepted }) => accepted).map(({ recipe }) => recipe.float.layers.length)).toEqual([
      0, 5, 4, 3,
    ]);
  });

  const FOUR_BITS: Recipe = { ...START, weights: { ...START.weights, type: "int4" } };

  it("gives weights of 4 bits more before layers are left in float, and takes back what is not needed, the most bytes first", async () => {
    const { points, chosen } = await run(worldOf([1e-5, 1e-3, 1e-6, 2e-5, 1e-6]), SQNR_20, { start: FOUR_BITS });
    const types = points.map(({ recipe }) => Object.keys(recipe.weights.layers ?? {}));
    expect(types.slice(4)).toEqual([["layer0"], ["layer0", "layer1"], ["layer1"]]);
    expect(points.every(({ floatLayers }) => floatLayers === 0)).toBe(true);
    expect(points.at(-1)).toMatchObject({ label: "layer0 back to int4", passed: true });
    expect(chosen).toBe(points.length - 1);
    expect(points[chosen!]!.recipe.weights.layers).toEqual({ layer1: "int8" });
  });

  it("leaves layers in float only where 8 bits are not enough, and these then go back to what they had", async () => {
    const { points, chosen } = await run(worldOf([1, 1e-6, 1e-6]), SQNR_20, { start: FOUR_BITS });
    const { recipe } = points[chosen!]!;
    expect(recipe.float.layers).toEqual(["layer0"]);
    expect(recipe.weights.layers).toEqual({ layer0: "int8" });
    expect(points.some(({ recipe: { weights } }) => Object.keys(weights.layers ?? {}).length === 3)).toBe(true);
  });

  it("ends with the nearest point where no model keeps the limit", async () => {
    const { points, chosen, best, ended } = await run(worldOf([1, 1, 1]), {
      ...SQNR_20,
      limit: { kind: "sqnr", decibels: 200 },
    });
    expect([chosen, ended]).toEqual([null, "exhausted"]);
    expect(points[best]!.floatLayers).toBe(2);
  });
});

describe("a search that mixes forms by layer", () => {
  const layer = (error: number, weights = 1000, integer = 1, float = 2) => ({ error, weights, integer, float });
  const formsOf = ({ points, best }: Found, count: number) =>
    Array.from({ length: count }, (_, index) => layerFormOf(points[best]!.recipe, nameOf(index)));

  it("keeps the weights of a layer that must be in float in float16, and has what is left of the limit in int4", async () => {
    const made = { layers: [layer(1), layer(1e-6), layer(5e-3)] };
    const found = await mixed(made);
    expect(formsOf(found, 3)).toEqual(["f16", "w4", "w8"]);
    const alone = await mixed(made, { mix: false });
    expect(formsOf(alone, 3)).toEqual(["f32", null, null]);
    expect(found.points[found.best]!.bytes).toBeLessThan(0.7 * alone.points[alone.best]!.bytes);
    const steps = stepsTo(found.points, found.best);
    expect(steps.map(({ label }) => label)).toEqual(found.points[found.best]!.decisions.map(() => expect.any(String)));
    expect(steps.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
      found.points[found.best]!.bytes - found.points[0]!.bytes,
    );
  });

  it("has layers in float32 where float16 is not enough", async () => {
    expect(formsOf(await mixed({ layers: [layer(1e4), layer(1e-6)] }), 1)).toEqual(["f32"]);
  });

  it("by latency has in float what is quicker there by the clock that it is given, and by more than luck", async () => {
    const made = { layers: [layer(1e-6, 1000, 90, 20), layer(1e-6, 900, 10, 40), layer(1e-6, 800, 30, 29.9)] };
    const found = await mixed(made, { goal: "latency" });
    const last = found.points.filter(({ accepted }) => accepted).at(-1)!;
    expect(made.layers.map((_, index) => layerFormOf(last.recipe, nameOf(index)))).toEqual(["w8", null, null]);
    expect(last.latency).toBe(60);
  });

  it("tries no more once so many layers in a row gained nothing", async () => {
    const made = { layers: Array.from({ length: 30 }, () => layer(9e-4)) };
    const { points } = await mixed(made, { decibels: 15 });
    expect(points.length).toBeLessThan(16);
  });

  it("leaves a layer alone that the recipe has in a form of its own", async () => {
    const start = { ...START, float: { ...START.float, storedAs: { layer0: "float16" as const } } };
    const found = await mixed({ layers: [layer(1e-6), layer(1e-6)] }, {}, start);
    expect(formsOf(found, 2)).toEqual(["f16", "w4"]);
  });

  it("goes on only to what is nearer to the limit, or keeps it and is better, and its decisions give each recipe again", async () => {
    await fc.assert(
      fc.asyncProperty(
        formWorld,
        fc.constantFrom("size" as const, "latency" as const),
        fc.integer({ min: 0, max: 40 }),
        async (made, goal, decibels) => {
          const { points, best } = await mixed(made, { goal, decibels });
          const compare = compareBy({ limit: { kind: "sqnr", decibels }, goal });
          const way = points[best]!.decisions.map((_, count) =>
            points.find(
              ({ decisions }) => JSON.stringify(decisions) === JSON.stringify(points[best]!.decisions.slice(0, count)),
            ),
          );
          for (const [at, point] of [...way, points[best]!].entries()) {
            if (at > 0) expect(compare(point!, way[at - 1]!)).toBeLessThan(0);
          }
          for (const { decisions, recipe } of points) {
            expect(unlearned(applyDecisions(START, decisions))).toEqual(unlearned(recipe));
          }
        },
      ),
      { numRuns: 40, seed: 11 },
    );
  });
});

it("a decision about layers takes them from one precision to another and forgets what was learned", () => {
  const recipe = settled({ ...START, corrections: { equalization: true, bias: "empirical" } });
  const moved = applyDecisions(recipe, [
    { kind: "float", layers: ["a", "b", "c"] },
    { kind: "int8", layers: ["b", "not there"] },
    { kind: "float", layers: ["c", "d"] },
    { kind: "weights", type: "int4", layers: ["a", "e"] },
    { kind: "weights", type: "int8", layers: ["a"] },
  ]);
  expect(moved.weights.layers).toEqual({ e: "int4" });
  expect(moved.float).toEqual({ layers: ["a", "c", "d"], operators: ["Softmax"], tensors: [] });
  expect(moved).toMatchObject({ resolved: null, biases: null, factors: recipe.factors });
  const plain = applyDecisions(recipe, [
    { kind: "corrections", corrections: { equalization: false, bias: "empirical" } },
  ]);
  expect(settingsOf(plain)).toEqual({ ...unlearned(recipe), corrections: { equalization: false, bias: "empirical" } });
  expect(plain).toMatchObject({ resolved: null, biases: null, factors: null });
});
