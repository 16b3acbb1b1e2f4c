import fc from "fast-check";
import type { RangeReport } from "../../model/analysis.ts";
import type { Accuracy, Evaluation } from "../../model/evaluation.ts";
import { LAYER_FORMS } from "../../model/layerForm.ts";
import { METHODS } from "../../model/range.ts";
import type { Refinement } from "../../model/refinement.ts";
import type { Report, WeightReport } from "../../model/report.ts";
import type { Decision, TuningRecord } from "../../model/tuning.ts";
import { channelsText } from "../../values/channels.ts";
import { BLOCK_SIZES } from "../../values/codes.ts";
import { executors, preprocess, prints, recipe, seed, tensorName } from "./arbitrary.ts";
import { REPORT } from "./report.ts";

/** Any float64 but -0, which JSON does not keep. */
const figure = fc.oneof(
  fc.double().map((value) => value + 0),
  fc.constantFrom(0, 1, Number.NaN, Infinity, -Infinity),
);
const interval = fc.record({ low: figure, high: figure });

const range: fc.Arbitrary<RangeReport> = fc.record({
  group: tensorName,
  members: fc.array(tensorName, { maxLength: 3 }),
  seen: fc.record({
    finite: fc.nat(),
    zeros: fc.nat(),
    nonFinite: fc.nat(),
    min: figure,
    max: figure,
    samples: fc.nat(),
  }),
  histogram: fc.record({ window: interval, counts: fc.array(fc.nat(), { maxLength: 4 }) }),
  chosen: fc.record({
    source: fc.constantFrom(...METHODS, "hand" as const, "fixed" as const),
    figures: fc.record({
      range: interval,
      scale: figure,
      zeroPoint: fc.integer({ min: -128, max: 255 }),
      clipped: figure,
      mse: figure,
      sqnr: figure,
      effectiveBits: figure,
    }),
  }),
});

const weight: fc.Arbitrary<WeightReport> = fc.record(
  {
    name: tensorName,
    dims: fc.array(fc.nat(), { maxLength: 4 }),
    axis: fc.option(fc.nat({ max: 3 })),
    block: fc.constantFrom(...BLOCK_SIZES),
    sqnr: figure,
    leastSqnr: figure,
  },
  { requiredKeys: ["name", "dims", "axis", "sqnr", "leastSqnr"] },
);

const refinement: fc.Arbitrary<Refinement> = fc.record({
  weights: fc.array(
    fc.record({
      weight: tensorName,
      layers: fc.array(tensorName, { maxLength: 3 }),
      values: fc.nat(),
      nearest: figure,
      refined: figure,
      left: figure,
    }),
    { maxLength: 3 },
  ),
  nearest: figure,
  refined: figure,
});

const accuracy: fc.Arbitrary<Accuracy> = fc.record({
  float: figure,
  quantized: figure,
  drop: figure,
  interval: fc.tuple(figure, figure),
});
const perplexity = fc.record({
  output: tensorName,
  tokens: fc.nat(),
  float: figure,
  quantized: figure,
  rise: figure,
  interval: fc.option(fc.tuple(figure, figure)),
});
const latency = fc.record({ p50: figure, p95: figure });

const right = { samples: fc.nat(), float: fc.nat(), quantized: fc.nat() };
const byClass = fc.array(fc.record({ class: fc.nat(), name: fc.option(fc.string()), ...right }));
const byConfidence = fc.array(fc.record({ from: figure, to: figure, ...right, same: fc.nat() }));

const clipped = fc.array(
  fc.record({
    ...{ tensor: tensorName, producer: fc.option(tensorName), range: fc.record({ low: figure, high: figure }) },
    ...{ values: fc.nat(), share: figure },
  }),
);

const evaluation: fc.Arbitrary<Evaluation> = fc.record({
  samples: fc.nat(),
  labelled: fc.nat(),
  top1: fc.option(accuracy),
  top5: fc.option(accuracy),
  byClass,
  byConfidence,
  clipped,
  perplexity: fc.option(perplexity),
  verdict: fc.option(fc.record({ limit: figure, passed: fc.boolean() })),
  outputs: fc.uniqueArray(
    fc.record({
      name: tensorName,
      agreement: fc.option(figure),
      sqnr: fc.option(figure),
      parts: fc.uniqueArray(
        fc.record({
          axis: fc.nat(),
          channels: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 2 }),
          largest: figure,
          sqnr: figure,
        }),
        { maxLength: 2, selector: ({ channels, largest }) => channelsText(channels, largest) },
      ),
      mse: figure,
      mae: figure,
      cosine: fc.option(figure),
      kl: fc.option(figure),
      nonFinite: fc.nat(),
    }),
    { maxLength: 2, selector: ({ name }) => name },
  ),
  bytes: fc.record({ float: fc.nat(), quantized: fc.nat() }),
  memory: fc.record({ float: fc.nat(), quantized: fc.nat() }),
  latency: fc.record({
    float: latency,
    quantized: latency,
    runs: fc.nat(),
    runtime: fc.string(),
    machine: fc.string(),
    threads: fc.nat(),
  }),
  notices: fc.constant([]),
});

const names = fc.array(tensorName, { maxLength: 3 });
const decision: fc.Arbitrary<Decision> = fc.oneof(
  fc.record({ kind: fc.constantFrom("float" as const, "int8" as const), layers: names }),
  fc.record({ kind: fc.constant("form" as const), form: fc.option(fc.constantFrom(...LAYER_FORMS)), layers: names }),
  fc.record({
    kind: fc.constant("corrections" as const),
    corrections: fc.record({
      equalization: fc.boolean(),
      bias: fc.constantFrom("none" as const, "empirical" as const, "analytic" as const),
    }),
  }),
);
const point: fc.Arbitrary<TuningRecord["points"][number]> = fc.record({
  decisions: fc.array(decision, { maxLength: 3 }),
  label: fc.string(),
  bytes: fc.nat(),
  floatLayers: fc.nat(),
  sqnr: figure,
  top1: fc.option(accuracy),
  perplexity: fc.option(perplexity),
  expected: fc.option(figure),
  latency: fc.option(figure),
  passed: fc.boolean(),
  accepted: fc.boolean(),
});
const span = fc.tuple(fc.nat(), fc.nat());
const tuning: fc.Arbitrary<TuningRecord> = fc.record({
  request: fc.record({
    samples: fc.integer({ min: 1 }),
    limit: fc.oneof(
      fc.record({ kind: fc.constant("drop" as const), share: figure }),
      fc.record({ kind: fc.constant("sqnr" as const), decibels: figure }),
    ),
    goal: fc.constantFrom("size" as const, "latency" as const),
    budget: fc.option(figure),
  }),
  split: fc.record({ calibration: span, judgement: span }),
  judged: fc.record({ samples: fc.nat(), labelled: fc.nat() }),
  executor: fc.record({ runtime: fc.string(), threads: fc.integer({ min: 1 }) }),
  bytes: fc.record({ float: fc.nat() }),
  start: recipe,
  points: fc.array(point, { minLength: 2, maxLength: 3 }),
  chosen: fc.option(fc.nat({ max: 1 })),
  best: fc.nat({ max: 1 }),
  ended: fc.constantFrom("found" as const, "exhausted" as const, "budget" as const, "cancelled" as const),
  seconds: figure,
});

const indices = fc.uniqueArray(fc.nat(), { maxLength: 6 }).map((values) => values.sort((a, b) => a - b));

/** Any report whose parts need not fit each other. */
export const arbitraryReport: fc.Arbitrary<Report> = fc.record(
  {
    tool: fc.record({ name: fc.constant("Octet"), version: fc.constantFrom("0.1.0", "0.2.0") }),
    date: fc.constantFrom("2026-11-21T09:31:12.000Z", "2026-11-22T00:00:00.000Z"),
    model: fc
      .record({ sha256: fc.constantFrom("ab", "cd"), bytes: fc.nat() })
      .map((facts) => ({ ...REPORT.model, ...facts })),
    recipe,
    calibration: fc.record({
      equalized: fc.boolean(),
      observed: indices,
      skipped: indices,
      wanted: fc.nat(),
      preprocess: fc.option(preprocess),
      seed,
      prints,
      executors,
    }),
    ranges: fc.uniqueArray(range, { maxLength: 3, selector: ({ group }) => group }),
    weights: fc.uniqueArray(weight, { maxLength: 3, selector: ({ name }) => name }),
    refinement,
    evaluation: fc.option(evaluation),
    tuning: fc.option(tuning),
    files: fc.constantFrom([], [...REPORT.files]),
    notices: fc.constant(REPORT.notices),
  },
  {
    requiredKeys: [
      "tool",
      "date",
      "model",
      "recipe",
      "calibration",
      "ranges",
      "weights",
      "evaluation",
      "tuning",
      "files",
      "notices",
    ],
  },
);
