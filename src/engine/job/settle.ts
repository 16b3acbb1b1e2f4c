import { AUTOMATIC, type Calibration, type Execution } from "../model/calibration.ts";
import type { CodeSearch } from "../model/codeSearch.ts";
import type { ElementwiseDecision } from "../model/elementwise.ts";
import { type FineTuning, TUNING_STEPS, teachingOf } from "../model/finetuning.ts";
import { seeksExtremes } from "../model/format.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { ROUNDING_ITERATIONS, ROUNDING_SAMPLES, type Rounding } from "../model/rounding.ts";
import type { Runtimes } from "../model/runtime.ts";
import type { Underway } from "../model/underway.ts";
import { withLearned, withoutVainPrints } from "../recipe/change.ts";
import { missing } from "../recipe/derivations.ts";
import { withFineTuning, withFoundCodes, withLearnedRounding } from "../recipe/edits.ts";
import { joinPrints } from "../recipe/prints.ts";
import { isObservedAlike, withScalingOf } from "../recipe/scaling.ts";
import type { Learned } from "../recipe/settings.ts";
import { targetOf } from "../targets/index.ts";
import { assertTakes } from "../targets/target.ts";
import { calibrate } from "./calibrate.ts";
import { deriveBiases, learnBiases } from "./correct.ts";
import type { OpenDataset } from "./data.ts";
import { decideElementwise, undecidedRegions } from "./elementwise.ts";
import { learnEqualization } from "./equalize.ts";
import { assertAllMayFit } from "./fileSize.ts";
import { findOnSamples } from "./findOnSamples.ts";
import { fineTune } from "./fineTune.ts";
import { assertKeptTaken } from "./keptPairs.ts";
import { learnRounding } from "./learnRounding.ts";
import { equalizedModel, type OpenModel, planModel } from "./open.ts";
import { printing } from "./prints.ts";
import { isCalibratedFor, looksResolved, resolveRecipe } from "./quantize.ts";
import { findSmoothing, type SmoothingSearch } from "./smooth.ts";
import { uncalibrated } from "./uncalibrated.ts";
import { assertWhole } from "./whole.ts";

export interface SettleRequest {
  /** Nothing but the first so many samples is read. */
  readonly samples: number;
  /** What was calibrated before; used where it fits the recipe. */
  readonly calibration: Calibration | null;
  /** How the samples are run, where they are; a short trial decides when it is absent. */
  readonly execution?: Execution;
  /** How long rounding is learned, where it is. */
  readonly iterations?: number;
  /** What an earlier run on the same samples came to; used as far as it is of the same settings. */
  readonly resume?: Underway | null;
  /** Gets how far it is once scaling is learned, as calibrating has it, and once all samples are observed. */
  readonly checkpoint?: (underway: Underway) => unknown;
  readonly isLeaving?: () => boolean;
}

export interface Settled {
  /** Nothing in it is left open: `quantizeModel` takes it. */
  readonly recipe: Recipe;
  readonly calibration: Calibration;
  /** What learning rounding came to, where it was learned. */
  readonly rounding: Rounding | null;
  /** What fine-tuning came to, where it was done. */
  readonly finetuning: FineTuning | null;
  /** What finding codes on samples came to, where it was done. */
  readonly found: CodeSearch | null;
  /** What searching for smoothing came to, where it was done. */
  readonly smoothing: SmoothingSearch | null;
  /** What was decided of layers without weights, where it was decided here. */
  readonly elementwise: ElementwiseDecision | null;
}

export type Want =
  | "equalization"
  | "smoothing"
  | "deciding elementwise operators"
  | "calibration"
  | "learned rounding"
  | "fine-tuning"
  | "codes found on samples"
  | "bias correction";

const WANTS: Readonly<Record<Learned, Want>> = {
  factors: "equalization",
  smoothed: "smoothing",
  unjoined: "deciding elementwise operators",
  spared: "calibration",
  resolved: "calibration",
  rounding: "learned rounding",
  inputScales: "codes found on samples",
  codes: "codes found on samples",
  biases: "bias correction",
};

/** What is left to do for a recipe that only samples can settle, in words; empty where the model is enough. */
export function wantsOfSamples(model: OpenModel, recipe: Recipe): Want[] {
  const alone = new Set<Learned>([
    ...(undecidedRegions(model, recipe).length === 0 ? (["unjoined"] as const) : []),
    ...(planModel(model, recipe).groups.length === 0 ? (["spared", "resolved"] as const) : []),
    ...(recipe.corrections.bias === "analytic" ? (["biases"] as const) : []),
  ]);
  const wants = missing(recipe).filter((part) => !alone.has(part));
  const isTuned = recipe.weights.rounding === "finetuned";
  return [
    ...new Set(wants.map((part) => (isTuned && (part === "codes" || part === "biases") ? "fine-tuning" : WANTS[part]))),
  ];
}

/** Throws InputError where the recipe's target does not take what it asks for. */
export function assertTaken(recipe: Recipe): void {
  assertTakes(targetOf(recipe), recipe);
}

/** Settles a recipe that wants nothing of samples. */
export function settleAlone(model: OpenModel, recipe: Recipe): Settled {
  assertTaken(recipe);
  const calibration = uncalibrated(model, recipe, recipe);
  const decided = missing(recipe).includes("unjoined") ? withLearned(recipe, { unjoined: [] }) : recipe;
  const resolved = decided.resolved ? decided : resolveRecipe(model, decided, calibration);
  return {
    recipe: deriveBiases(model, resolved),
    calibration,
    rounding: null,
    finetuning: null,
    found: null,
    smoothing: null,
    elementwise: null,
  };
}

/**
 * Does what a recipe still lacks, in this order: learns equalization and smoothing, calibrates where the calibration given does not
 * fit and activations are quantized, settles the ranges, learns rounding where something is there to learn it, with what it adds to biases, or else
 * the biases (docs/rounding.md). What the recipe holds already
 * is kept. Throws InputError as these do, and before all when the target does not take what is asked for or a file of the result is
 * sure to be longer than anything loads.
 */
export async function settle(
  model: OpenModel,
  recipe: Recipe,
  dataset: OpenDataset,
  request: SettleRequest,
  runtimes: Runtimes,
  context: JobContext,
): Promise<Settled> {
  const { samples, calibration: given, execution = AUTOMATIC, iterations, resume = null, isLeaving } = request;
  assertTaken(recipe);
  const plan = planModel(model, recipe);
  assertWhole(plan, model.types, model.name);
  assertKeptTaken(plan, model.name);
  assertAllMayFit(model, recipe);
  let settled = resume ? withScalingOf(recipe, resume.recipe) : recipe;
  const taught = printing(dataset, null);
  const keep = (calibration: Calibration | null) =>
    request.checkpoint?.({ recipe: { ...settled, prints: joinPrints(settled.prints, taught.all) }, calibration });
  const lacks = (part: Learned) => missing(settled).includes(part);
  if (lacks("factors")) {
    const factors = await learnEqualization(model, taught.dataset, samples, runtimes.main, context);
    settled = withLearned(settled, { factors });
    await keep(null);
  }
  let smoothing: SmoothingSearch | null = null;
  if (lacks("smoothed")) {
    smoothing = await findSmoothing(model, settled, taught.dataset, samples, runtimes, context);
    settled = withLearned(settled, { smoothed: smoothing.smoothed });
    await keep(null);
  }
  const observes = seeksExtremes(settled) || planModel(model, settled).groups.length > 0;
  const saw =
    given &&
    isCalibratedFor(settled, given) &&
    settled.factors === recipe.factors &&
    settled.smoothed === recipe.smoothed;
  const fits = saw && (given.wanted > 0 ? given.seed === dataset.seed : !observes);
  let calibration = fits ? given : null;
  if (!calibration && !observes) calibration = uncalibrated(model, settled, dataset);
  if (!calibration) {
    const isAlike = resume !== null && isObservedAlike(settled, resume.recipe);
    const observing = {
      ...{ samples, preprocess: dataset.preprocess, execution, checkpoint: keep },
      ...{ resume: isAlike ? resume.calibration : null, ...(isLeaving && { isLeaving }) },
    };
    calibration = await calibrate(equalizedModel(model, settled), dataset, observing, runtimes, context);
    await keep(calibration);
  }
  let elementwise: ElementwiseDecision | null = null;
  if (lacks("unjoined")) {
    elementwise = await decideElementwise(model, settled, calibration, taught.dataset, samples, runtimes.main, context);
    settled = withLearned(settled, { unjoined: [...elementwise.unjoined, ...(elementwise.costly?.layers ?? [])] });
  }
  if (!looksResolved(settled)) settled = resolveRecipe(model, settled, calibration);
  let rounding: Rounding | null = null;
  if (lacks("rounding") && runtimes.learner) {
    const asked = { samples: Math.min(samples, ROUNDING_SAMPLES), iterations: iterations ?? ROUNDING_ITERATIONS };
    const by = { runtime: runtimes.main, learner: await runtimes.learner() };
    const listener = { context, onPoint: () => undefined, onLayer: () => undefined };
    rounding = await learnRounding(model, settled, dataset, { ...asked, resume: null }, by, listener);
    settled = withLearnedRounding(settled, rounding);
  }
  let finetuning: FineTuning | null = null;
  if (lacks("codes") && settled.weights.rounding === "finetuned" && runtimes.learner) {
    const asked = { samples: Math.min(samples, ROUNDING_SAMPLES), iterations: iterations ?? ROUNDING_ITERATIONS };
    const by = { runtime: runtimes.main, learner: await runtimes.learner() };
    const listener = { context, onPoint: () => undefined, onLayer: () => undefined, onBlock: () => undefined };
    const teaching = { ...asked, samples: teachingOf(asked.samples), resume: null };
    const learned = await learnRounding(model, settled, dataset, teaching, by, listener);
    const request = { samples: asked.samples, steps: TUNING_STEPS, from: learned, resume: null };
    finetuning = await fineTune(model, settled, dataset, request, by, listener);
    settled = withFineTuning(settled, finetuning);
  }
  let found: CodeSearch | null = null;
  if (lacks("codes") && runtimes.learner) {
    const by = { runtime: runtimes.main, learner: await runtimes.learner() };
    const listener = { context, onFound: () => undefined };
    found = await findOnSamples(model, settled, dataset, { samples, resume: null }, by, listener);
    settled = withFoundCodes(settled, found);
  }
  if (lacks("biases") && settled.codes) {
    // Codes of later layers make up for the mean errors of earlier ones, and correcting these would undo it.
    settled = withLearned(settled, { biases: {} });
  }
  if (lacks("biases") && settled.corrections.bias === "empirical" && !lacks("rounding")) {
    const biases = await learnBiases(model, settled, taught.dataset, samples, runtimes.main, context);
    settled = withLearned(settled, { biases });
  }
  settled = {
    ...settled,
    prints: joinPrints(settled.prints, taught.all, found?.prints ?? null),
  };
  return {
    recipe: deriveBiases(model, withoutVainPrints(settled)),
    calibration,
    rounding,
    finetuning,
    found,
    smoothing,
    elementwise,
  };
}
