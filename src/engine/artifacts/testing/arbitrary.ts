import fc from "fast-check";
import type { Calibration } from "../../model/calibration.ts";
import { RECIPE_FORMATS } from "../../model/format.ts";
import type { Preprocess } from "../../model/preprocess.ts";
import { METHODS, type Range } from "../../model/range.ts";
import {
  ELEMENTWISE,
  LARGEST_SEED,
  type Recipe,
  ROUNDINGS,
  WEIGHT_ALGORITHMS,
  WEIGHT_OPERATORS,
} from "../../model/recipe.ts";
import { PROVIDERS } from "../../model/runtime.ts";
import { TARGET_NAMES } from "../../model/target.ts";
import { Observer } from "../../numerics/observer.ts";
import { BLOCK_SIZES, WEIGHT_TYPES } from "../../values/codes.ts";

/** Names as hostile files have them: any text, and keys with a meaning or an order of their own in JavaScript. */
export const tensorName = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "7",
    "12",
    "a: b",
    "line\nbreak",
    "input_1:0",
    "</script>",
    '"',
  ),
);

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const range: fc.Arbitrary<Range> = fc
  .tuple(number, number)
  .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));

const record = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc
    .uniqueArray(fc.tuple(tensorName, value), { maxLength: 5, selector: ([name]) => name })
    .map((entries) => Object.fromEntries(entries));

const CROP_LIMIT = 2048;
const sideOf = (min: number, max: number) => fc.integer({ min, max });
const sizeOf = (side: fc.Arbitrary<number>) => fc.oneof(side, fc.tuple(side, side));
const resized = sideOf(CROP_LIMIT, 2 * CROP_LIMIT);
const factor = number.filter((value) => value !== 0);

export const preprocess: fc.Arbitrary<Preprocess> = fc.record({
  resize: fc.option(
    fc.oneof(
      fc.record({ mode: fc.constant("shorter" as const), size: resized }),
      fc.record({ mode: fc.constantFrom("exact" as const, "letterbox" as const), size: sizeOf(resized) }),
    ),
  ),
  crop: fc.option(sizeOf(sideOf(1, CROP_LIMIT))),
  layout: fc.constantFrom("NCHW" as const, "NHWC" as const),
  color: fc.constantFrom("RGB" as const, "BGR" as const),
  scale: factor,
  mean: fc.oneof(fc.tuple(number), fc.tuple(number, number, number)),
  std: fc.oneof(fc.tuple(factor), fc.tuple(factor, factor, factor)),
});

export const seed = fc.option(fc.nat({ max: 2 ** 32 - 1 }));
export const prints = fc.option(fc.stringMatching(/^([A-Za-z0-9+/]{8}){0,3}$/));

const model = fc.record({ name: fc.string(), sha256: fc.stringMatching(/^[0-9a-f]{64}$/) });
const names = fc.array(tensorName, { maxLength: 4 });

const scales = fc.constant("power-of-two" as const);

const settings = fc.record({
  version: fc.constant(1 as const),
  model,
  preparation: fc.integer({ min: 1, max: 9 }),
  format: fc.constantFrom(...RECIPE_FORMATS),
  activations: fc.record(
    { type: fc.constantFrom("uint8" as const, "int8" as const), symmetric: fc.boolean(), scales },
    { requiredKeys: ["type", "symmetric"] },
  ),
  weights: fc.record(
    {
      type: fc.constantFrom(...WEIGHT_TYPES),
      granularity: fc.constantFrom("channel" as const, "tensor" as const),
      rounding: fc.constantFrom(...ROUNDINGS),
      seed: fc.integer({ min: 0, max: LARGEST_SEED }),
      scales,
      block: fc.constantFrom(...BLOCK_SIZES),
      operator: fc.constantFrom(...WEIGHT_OPERATORS),
      algorithm: fc.constantFrom(...WEIGHT_ALGORITHMS),
    },
    { requiredKeys: ["type", "granularity", "rounding"] },
  ),
  corrections: fc.record({
    equalization: fc.boolean(),
    bias: fc.constantFrom("none" as const, "empirical" as const, "analytic" as const),
  }),
  method: fc.constantFrom(...METHODS, "auto" as const),
  methods: record(fc.constantFrom(...METHODS)),
  ranges: record(range),
  float: fc.record({ layers: names, operators: names, tensors: names }),
  elementwise: fc.constantFrom(...ELEMENTWISE),
  preprocess: fc.option(preprocess),
  seed,
  inputs: fc.record({
    shapes: record(fc.array(fc.nat(), { maxLength: 4 })),
    values: record(number),
    state: record(fc.string()),
  }),
  spared: fc.option(record(fc.string())),
  resolved: fc.option(record(range)),
  factors: fc.option(
    record(fc.record({ divide: fc.array(number, { maxLength: 4 }), absorb: fc.array(number, { maxLength: 4 }) })),
  ),
  unjoined: fc.option(names),
  biases: fc.option(record(fc.array(number, { maxLength: 4 }))),
  rounding: fc.option(record(fc.base64String({ maxLength: 8 }))),
  prints,
});

const smoothed = record(
  fc.record({
    alpha: number,
    divide: fc.array(number, { maxLength: 4 }),
    sqnr: fc.record({ before: number, after: fc.constantFrom(30, Infinity) }),
  }),
);

export const recipe: fc.Arbitrary<Recipe> = fc
  .tuple(settings, fc.option(fc.constantFrom(...TARGET_NAMES)), fc.option(fc.boolean()), fc.option(fc.option(smoothed)))
  .map(([given, target, smoothing, held]) => ({
    ...given,
    ...(target && { target }),
    ...(smoothing !== null && { corrections: { ...given.corrections, smoothing } }),
    ...(smoothing !== null && { smoothed: held }),
  }));

/** Statistics of tensors that were really observed: any float32, NaN and infinities too, in rising samples. */
const statistics = fc
  .uniqueArray(fc.tuple(fc.nat({ max: 40 }), fc.float32Array({ maxLength: 30 })), { selector: ([sample]) => sample })
  .map((samples) => {
    const observer = new Observer();
    for (const [sample, values] of samples) observer.observe(values, sample);
    return observer.statistics();
  });

const count = fc.integer({ min: 1 });
export const executors: fc.Arbitrary<Calibration["executors"]> = fc.array(
  fc.record({
    runtime: fc.string(),
    provider: fc.constantFrom(...PROVIDERS),
    workers: count,
    threads: count,
    batch: count,
    samples: fc.nat(),
  }),
  { maxLength: 2 },
);

export const calibration: fc.Arbitrary<Calibration> = fc
  .record({
    seen: fc.record({
      model,
      equalized: fc.boolean(),
      statistics: fc
        .uniqueArray(fc.tuple(tensorName, statistics), { maxLength: 4, selector: ([name]) => name })
        .map((entries) => new Map(entries)),
      observed: indices(),
      skipped: indices(),
      wanted: fc.nat(),
      preprocess: fc.option(preprocess),
      seed,
      prints,
      executors,
      notices: fc.array(
        fc.record({
          kind: fc.constantFrom("warning" as const, "info" as const),
          subject: tensorName,
          message: fc.string(),
        }),
        { maxLength: 3 },
      ),
    }),
    scaling: fc.option(fc.stringMatching(/^[0-9a-f]{16}$/)),
  })
  .map(({ seen, scaling }) => (scaling === null ? seen : { ...seen, scaling }));

function indices(): fc.Arbitrary<number[]> {
  return fc.uniqueArray(fc.nat()).map((values) => values.sort((a, b) => a - b));
}
