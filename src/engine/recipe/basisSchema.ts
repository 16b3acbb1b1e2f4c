import { EDITED_RECIPE } from "../model/recipe.ts";
import { check } from "../schema/check.ts";
import { count, custom, fields, flag, maybe, nullable, type Schema, text } from "../schema/define.ts";
import { type Basis, leavesOf } from "./basis.ts";
import type { Derived, Origin, Outside } from "./derivations.ts";
import type { Learned, Setting } from "./settings.ts";

const { preparation, target, format, inputs, preprocess, seed, activations, weights, corrections } =
  EDITED_RECIPE.entries;
const { elementwise, method, methods, ranges, float, wide, ends } = EDITED_RECIPE.entries;
const DIGEST = text;

const VALUES: Readonly<Record<Setting | Learned | Outside, Schema>> = {
  ...{ preparation, format, inputs, preprocess, seed, activations, elementwise, method, methods, ranges },
  target,
  onCodes: flag,
  equalization: corrections.entries.equalization,
  smoothing: text,
  biasCorrection: corrections.entries.bias,
  float,
  wide: wide.wrapped,
  ends: ends.wrapped,
  weightType: weights.entries.type,
  weightLayers: weights.entries.layers.wrapped,
  granularity: weights.entries.granularity,
  weightScales: weights.entries.scales,
  roundingKind: weights.entries.rounding,
  roundingSeed: weights.entries.seed.wrapped,
  weightBlock: weights.entries.block.wrapped,
  weightOthers: weights.entries.others.wrapped,
  weightOperator: weights.entries.operator.wrapped,
  weightAlgorithm: weights.entries.algorithm.wrapped,
  ...{
    factors: DIGEST,
    smoothed: DIGEST,
    unjoined: DIGEST,
    spared: DIGEST,
    resolved: DIGEST,
    rounding: DIGEST,
    inputScales: DIGEST,
    codes: DIGEST,
    biases: DIGEST,
  },
  ...{ data: text, samples: count },
};

/** Settings that recipes may leave out: a basis of before they were there does not say them, and means null. */
const SINCE: ReadonlySet<Origin> = new Set([
  "smoothing",
  "smoothed",
  "inputScales",
  "codes",
  "target",
  "wide",
  "ends",
  "weightLayers",
  "weightScales",
  "onCodes",
  "roundingSeed",
  "weightBlock",
  "weightOthers",
  "weightOperator",
  "weightAlgorithm",
]);

/** A basis of what is derived so, as it is stored; null is what was not known. */
// @__NO_SIDE_EFFECTS__
export function basisSchema(derived: Exclude<Derived, "exported">) {
  const entries = leavesOf(derived).map((origin) => {
    const value = nullable(VALUES[origin as keyof typeof VALUES]);
    return [origin, SINCE.has(origin) ? maybe(value) : value];
  });
  const schema = fields(Object.fromEntries(entries));
  return custom<Basis>((value) => check(schema, value, "").problem === null, "what a result was made of");
}
