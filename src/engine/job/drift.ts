import type { Calibration, Execution } from "../model/calibration.ts";
import { DRIFT_LIMITS, type Drift, type DriftVerdict, type TensorDrift } from "../model/drift.ts";
import { takesRanges } from "../model/format.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import { type Range, schemeOf } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Runtimes } from "../model/runtime.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { divergence } from "../numerics/divergence.ts";
import { clipFigures } from "../numerics/figures.ts";
import { plural, significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { calibrate } from "./calibrate.ts";
import type { OpenDataset } from "./data.ts";
import { equalizedModel, type OpenModel, summarizeModel } from "./open.ts";
import { unseenNotices } from "./overlap.ts";
import { assertCalibratedFor, looksResolved, resolveRecipe } from "./quantize.ts";

/** The limits were measured on so many new samples and more. */
const FEW = 10;

/**
 * Observes new samples on the float model, as the calibration was made, and says how they lie beside it under the ranges of the recipe, or those that
 * its method finds in the calibration where it has none. Throws InputError where the recipe takes no ranges, samples among the new ones calibrated, or nothing
 * says how they are to be prepared.
 */
export async function drift(
  model: OpenModel,
  recipe: Recipe,
  before: Calibration,
  data: OpenDataset,
  { execution, ...range }: { readonly skip: number; readonly samples: number; readonly execution?: Execution },
  runtimes: Runtimes,
  context: JobContext,
): Promise<Drift> {
  if (!takesRanges(recipe)) {
    throw new InputError(
      `The format ${recipe.format} takes no range from data, so that no data drifts away from one; give a recipe of another format, or none.`,
    );
  }
  assertCalibratedFor(model, recipe, before);
  if (data.assumed) {
    throw new InputError(
      "The calibration was made of tensors, and the new data are pictures, whose preprocessing it does not say; give tensors.",
    );
  }
  const repeated = await unseenNotices({ prints: before.prints, seed: before.seed }, data, range, context);
  const settled = looksResolved(recipe) ? recipe : resolveRecipe(model, recipe, before);
  const request = {
    ...range,
    ...(execution && { execution }),
    preprocess: data.preprocess,
    resume: null,
    checkpoint: () => undefined,
  };
  const seen = await calibrate(equalizedModel(model, recipe), data, request, runtimes, context);
  const tensors = tensorDrifts(model, settled, before, seen);
  if (tensors.length === 0)
    throw new InputError("No tensor that calibration watched has a range; give another recipe.");
  return {
    ...verdictOf(tensors, seen.observed.length),
    limits: DRIFT_LIMITS,
    samples: { calibrated: before.observed.length, seen: seen.observed.length, skipped: seen.skipped.length },
    tensors,
    notices: [...fewNotices(seen), ...seen.notices, ...repeated],
  };
}

function tensorDrifts(model: OpenModel, recipe: Recipe, before: Calibration, seen: Calibration): TensorDrift[] {
  const { groups, activations } = summarizeModel(model, recipe);
  const wholeOf = new Map(groups.map((group) => [group.id, group]));
  const ranges = new Map(groups.map(({ id, fixed }) => [id, fixed ?? own(recipe.resolved ?? {}, id)]));
  return activations.flatMap(({ name: tensor, producer, group }) => {
    const range = group === null ? undefined : ranges.get(group);
    const [old, now] = [before.statistics.get(tensor), seen.statistics.get(tensor)];
    if (!range || !old || !now || old.finite === 0) return [];
    const scheme = schemeOf(wholeOf.get(group ?? "")!, recipe.activations);
    const was = clipFigures(old, scheme, range);
    const is = clipFigures(now, scheme, range);
    return [
      {
        tensor,
        producer,
        range: { low: was.range.low, high: was.range.high },
        clipped: { calibrated: was.clipped, seen: is.clipped },
        overrun: { calibrated: overrun(old, was.range), seen: overrun(now, was.range) },
        kl: divergence(now, old, was.range),
        nonFinite: { calibrated: nonFinite(old), seen: nonFinite(now) },
      },
    ];
  });
}

function nonFinite({ nan, positiveInfinity, negativeInfinity }: TensorStatistics): number {
  return nan + positiveInfinity + negativeInfinity;
}

/** A range without a width is of a tensor that was 0 throughout. */
function overrun({ finite, min, max }: TensorStatistics, { low, high }: Range): number {
  const beyond = finite === 0 ? 0 : Math.max(0, max - high, low - min);
  return beyond === 0 ? 0 : beyond / (high - low);
}

/** The first of these that holds, by the tensor that is furthest beyond its limit. What is clipped may be one sample's alone, of so many new ones. */
export function verdictOf(
  tensors: readonly TensorDrift[],
  samples: number,
): {
  readonly verdict: DriftVerdict;
  readonly reason: string;
} {
  const { kl, otherKl, overrun } = DRIFT_LIMITS;
  const clipped = DRIFT_LIMITS.clipped + 1 / samples;
  const say = (verdict: DriftVerdict, reason: string) => ({ verdict, reason });
  const broken = tensors.find((each) => each.nonFinite.seen > 0 && each.nonFinite.calibrated === 0);
  if (broken) {
    const reason = `${broken.tensor} holds ${plural(broken.nonFinite.seen, "value")} that are NaN or infinite, where none was when it was calibrated.`;
    return say("other data", reason);
  }
  const most = (figure: (each: TensorDrift) => number) => tensors.reduce((a, b) => (figure(b) > figure(a) ? b : a));
  const moved = most((each) => (Number.isNaN(each.kl) ? Infinity : each.kl));
  if (!(moved.kl < otherKl)) {
    return say(
      "other data",
      `The values of ${moved.tensor} have moved by a KL of ${significant(moved.kl)} nat, ${otherKl} nat and more being other data.`,
    );
  }
  const cut = most((each) => each.clipped.seen - each.clipped.calibrated);
  if (cut.clipped.seen - cut.clipped.calibrated >= clipped) {
    return say(
      "recalibrate",
      `The range of ${cut.tensor} clips ${percent(cut.clipped.seen)} of the values, where it clipped ${percent(cut.clipped.calibrated)}; ${percent(clipped)} more are too many.`,
    );
  }
  const further = ({ overrun: { seen, calibrated } }: TensorDrift) => (seen === calibrated ? 0 : seen - calibrated);
  const far = most(further);
  if (far.overrun.seen === Infinity && far.overrun.calibrated < Infinity) {
    return say(
      "recalibrate",
      `${far.tensor} was 0 throughout when it was calibrated and is no more; its range holds 0 alone.`,
    );
  }
  if (further(far) >= overrun) {
    return say(
      "recalibrate",
      `Values of ${far.tensor} lie ${significant(far.overrun.seen)} times the width of its range outside of it, where ${significant(far.overrun.calibrated)} was the most; ${overrun} more is too far.`,
    );
  }
  if (moved.kl >= kl) {
    return say(
      "recalibrate",
      `The values of ${moved.tensor} have moved by a KL of ${significant(moved.kl)} nat, where less than ${kl} nat is fine.`,
    );
  }
  return say(
    "fine",
    `No tensor has moved by a KL of ${kl} nat: ${moved.tensor} has moved most, ${significant(moved.kl)} nat; ${cut.tensor} clips ${percent(Math.max(0, cut.clipped.seen - cut.clipped.calibrated))} more at most.`,
  );
}

function fewNotices({ observed }: Calibration): Notice[] {
  if (observed.length >= FEW) return [];
  const message = `${plural(observed.length, "new sample")} may differ from those that calibrated by chance alone; the limits were measured on ${FEW} and more.`;
  return [{ kind: "warning", subject: "Drift", message }];
}
