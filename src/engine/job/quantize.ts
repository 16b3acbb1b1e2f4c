import { constantsFirst } from "../emit/constantsFirst.ts";
import { quantizeGraph } from "../emit/index.ts";
import { type IntegerEnd, withIntegerEnds } from "../emit/integerEnds.ts";
import { shareEqual } from "../emit/shareEqual.ts";
import { storeWeights } from "../emit/storeWeights.ts";
import { resolveRanges } from "../encode/ranges.ts";
import { applyBiases } from "../graph/applyBiases.ts";
import { fixShapes } from "../graph/fixShapes.ts";
import type { Calibration } from "../model/calibration.ts";
import { seeksExtremes } from "../model/format.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { Affine, Range } from "../model/range.ts";
import { isChosen, type Reason, reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { GraphProto, ModelProto } from "../onnx/proto/onnx_pb.ts";
import { planOn, type QuantizationPlan } from "../plan/plan.ts";
import { isPreprocessedFor } from "../recipe/basis.ts";
import { withLearned } from "../recipe/change.ts";
import { joinPrints } from "../recipe/prints.ts";
import { isEqualized, isScaledBy, isSmoothed } from "../recipe/scaling.ts";
import { assertTakes } from "../targets/target.ts";
import { rangeWithin } from "../values/clamp.ts";
import { artifactBytes } from "./artifact.ts";
import { quantizedName } from "./fileNames.ts";
import { assertKeptTaken } from "./keptPairs.ts";
import { modelArtifact } from "./modelArtifact.ts";
import { type Equalization, equalizedModel, floatForm, type OpenModel, planModel } from "./open.ts";
import { withOrigin } from "./origin.ts";
import { spareTensors } from "./spare.ts";
import { assertWhole } from "./whole.ts";

export interface Quantized {
  /** What is judged: as the file, but for ends in float. */
  readonly model: ModelProto;
  /** The same with what is computed of constants where it is read, so that a walk (tuning/walker.ts) goes on in the graph of other weights or biases. */
  readonly inOrder: ModelProto;
  /** What is written, but for what its metadata says of its origin, and those of its inputs and outputs that are int8. */
  readonly file: ModelProto;
  readonly ends: readonly IntegerEnd[];
  /** The file; where that would be longer than anything loads, with its weights in another. */
  readonly written: ReturnType<typeof modelArtifact>;
  /** Its bytes, in parts that point at the weights. */
  readonly chunks: readonly Uint8Array[];
  /** Of both files. */
  readonly bytes: number;
  readonly plan: QuantizationPlan;
  readonly affine: ReadonlyMap<string, Affine>;
  readonly unrounded: ReadonlyMap<string, string>;
  readonly rounded: ReadonlyMap<string, string>;
  readonly notices: readonly Notice[];
}

/**
 * The recipe with every range settled to a number, from what calibration saw.
 * Throws InputError when the calibration is another model's, or was equalized otherwise.
 */
export function resolveRecipe(model: OpenModel, recipe: Recipe, calibration: Calibration): Recipe {
  assertCalibratedFor(model, recipe, calibration);
  const isSeen = !seeksExtremes(recipe) || calibration.statistics.size > 0;
  const spared = recipe.spared ?? (isSeen ? spareTensors(model, recipe, calibration.statistics) : null);
  const plan = planModel(model, { ...recipe, spared });
  const resolved = Object.fromEntries(resolveRanges(plan.groups, calibration.statistics, recipe));
  return { ...withLearned(recipe, { spared, resolved }), prints: joinPrints(recipe.prints, calibration.prints) };
}

/** Whether nothing that a calibration settles is open in a recipe. */
export function looksResolved(recipe: Recipe): boolean {
  return recipe.resolved !== null && (recipe.spared !== null || !seeksExtremes(recipe));
}

/** Whether what calibration saw is what the recipe quantizes: equalizing and preprocessing change what tensors hold. */
export function isCalibratedFor(recipe: Calibrated, calibration: Calibration): boolean {
  return isScaledFor(recipe, calibration) && isPreprocessedFor(recipe, calibration);
}

function isScaledFor(recipe: Equalization, calibration: Calibration): boolean {
  const { equalized, smoothed = false } = calibration;
  return equalized === isEqualized(recipe) && smoothed === isSmoothed(recipe) && isScaledBy(recipe, calibration);
}

type Calibrated = Equalization & Pick<Recipe, "preprocess">;

/** Throws InputError when the calibration is another model's. */
export function assertCalibrated(model: OpenModel, calibration: Calibration): void {
  if (calibration.model.sha256 === model.sha256) return;
  throw new InputError(
    `The calibration was made with ${calibration.model.name}, another model than ${model.fileName}; calibrate this one.`,
  );
}

/**
 * Throws InputError as assertCalibrated does, when calibration and recipe are not equalized or smoothed by the same factors, and
 * when the samples were preprocessed otherwise than the recipe has it.
 */
export function assertCalibratedFor(model: OpenModel, recipe: Calibrated, calibration: Calibration): void {
  assertCalibrated(model, calibration);
  if (!isPreprocessedFor(recipe, calibration)) {
    throw new InputError(
      "The calibration was made on samples that were preprocessed otherwise than the recipe has it; calibrate again.",
    );
  }
  if (isCalibratedFor(recipe, calibration)) return;
  assertScalingLearned(recipe);
  if (calibration.equalized === isEqualized(recipe) && (calibration.smoothed ?? false) === isSmoothed(recipe)) {
    throw new InputError(
      "The calibration was made with other factors of equalization or smoothing than the recipe holds, and other factors change what tensors hold; calibrate again.",
    );
  }
  const isOther = calibration.equalized !== isEqualized(recipe);
  const has = isOther ? calibration.equalized : calibration.smoothed;
  const [made, wanted] = has ? ["with", "without"] : ["without", "with"];
  throw new InputError(
    `The calibration was made ${made} ${isOther ? "equalization" : "smoothing"} and the recipe is ${wanted} it, which changes what tensors hold; calibrate again.`,
  );
}

function assertScalingLearned({ corrections, factors, smoothed }: Equalization): void {
  const lacks =
    corrections.equalization && !factors ? "equalization" : corrections.smoothing && !smoothed && "smoothing";
  if (!lacks) return;
  throw new InputError(`The recipe asks for ${lacks}, which has not been learned yet; calibrate first.`);
}

/** Throws InputError when the recipe is another model's. */
export function assertRecipeFor(model: OpenModel, recipe: Recipe): void {
  if (recipe.model.sha256 === model.sha256) return;
  throw new InputError(
    `The recipe was made for ${recipe.model.name}, another model than ${model.fileName}; use it with that one.`,
  );
}

/** What was learned for another preparation would be put on other weights. */
function assertPreparedFor(model: OpenModel, recipe: Recipe) {
  if (recipe.preparation === model.generation) return;
  throw new InputError(
    `The recipe was settled for ${model.fileName} as another version of Octet prepares it (preparation ${recipe.preparation}, here ${model.generation}); settle it anew.`,
  );
}

/** Whether a plan leaves anything to quantize. */
export function quantizesAnything({ layers, stored }: QuantizationPlan): boolean {
  return layers.some(({ reason }) => reason === null) || stored.some(({ weights }) => weights.length > 0);
}

/** Reasons that a message names one by one. */
const NAMED = 5;

/** Reasons of layers with weights, beside those that begin so. */
const OF_WEIGHTS: ReadonlySet<Reason["code"]> = new Set([
  "no-operator",
  "parts-of-bytes",
  "odd-zero-points",
  "bias",
  "kept",
  "no-kernel",
]);

function whyNothing({ layers, half, bfloat }: QuantizationPlan, { weights }: Recipe): string {
  if (layers.some(({ reason }) => reason && isChosen(reason))) return "the recipe leaves what could be in float";
  if (half) return `every layer stays in float32: ${reasonsText(half.reasons)}`;
  if (bfloat) return "no constant takes less in bfloat16 with a Cast beside it, or can be in it";
  const reasons = layers.flatMap(({ reason }) => reason ?? []);
  if (!reasons.some(({ code }) => code === "weight-small")) return noFormText(reasons);
  const small = "weights so small that keeping them in 8 bits would save nothing";
  return weights.others === undefined
    ? `it has ${small}`
    : `no blocks fit what has ${small}; choose a scale a channel for ${weights.type} without blocks`;
}

/** With what keeps layers with weights from it. */
function noFormText(reasons: readonly Reason[]): string {
  const none = "no layer has an integer form here";
  const telling = reasons.filter(({ code }) => code.startsWith("weight-") || OF_WEIGHTS.has(code));
  return telling.length === 0 ? none : `${none}: ${reasonsText(telling)}`;
}

function reasonsText(reasons: readonly Reason[]): string {
  const all = [...new Set(reasons.map(reasonText))];
  const more = all.length > NAMED ? [`${all.length - NAMED} more reasons`] : [];
  return [...all.slice(0, NAMED), ...more].join("; ");
}

/** What a resolved recipe quantizes. */
export interface QuantizationJob {
  /** The float model that is quantized, with and without corrected biases. */
  readonly float: ModelProto;
  readonly corrected: ModelProto;
  readonly types: OpenModel["types"];
  /** Of `corrected`. */
  readonly plan: QuantizationPlan;
  readonly ranges: ReadonlyMap<string, Range>;
}

/**
 * What is to be done to quantize a model by a resolved recipe. Throws InputError when the recipe is another model's, or for
 * another preparation of it, is not resolved or no longer as it was when it was, or leaves nothing to quantize.
 */
export function quantizationJob(model: OpenModel, recipe: Recipe): QuantizationJob {
  assertRecipeFor(model, recipe);
  assertPreparedFor(model, recipe);
  const { resolved } = recipe;
  if (!resolved) throw new InputError("The recipe has no ranges yet; calibrate first, or add a calibration cache.");
  assertScalingLearned(recipe);
  const { types } = equalizedModel(model, recipe);
  const float = floatForm(model, recipe);
  const planned = planModel(model, recipe);
  const corrected = recipe.biases ? applyBiases(float, biasesUnder(recipe, recipe.biases, planned)) : float;
  const plan = planOn(planned, corrected.graph as GraphProto);
  assertTakes(plan.target, recipe);
  assertWhole(plan, types, model.name);
  assertKeptTaken(plan, model.name);
  if (!quantizesAnything(plan)) {
    throw new InputError(`Nothing in ${model.name} would be quantized: ${whyNothing(plan, recipe)}.`);
  }
  const missing = plan.groups.find(({ id, fixed }) => !fixed && !own(resolved, id));
  if (missing) throw new InputError(`The recipe has no range for tensor ${missing.id}; calibrate again.`);
  assertScalable(resolved);
  assertHandRangesResolved(plan, recipe, resolved);
  return { float, corrected, types, plan, ranges: new Map(Object.entries(resolved)) };
}

/** What was learned with the rounding of layers makes up for that, and is nothing to those that are in float. */
function biasesUnder(
  { weights: { rounding } }: Recipe,
  biases: NonNullable<Recipe["biases"]>,
  { layers }: QuantizationPlan,
): NonNullable<Recipe["biases"]> {
  if (rounding !== "learned" && rounding !== "finetuned") return biases;
  const rounded = new Set(layers.flatMap(({ id, reason, weightUse }) => (reason === null && weightUse ? [id] : [])));
  return Object.fromEntries(Object.entries(biases).filter(([id]) => rounded.has(id)));
}

/**
 * Quantizes a model by a resolved recipe. The same model and recipe give the same bytes wherever this runs.
 * Throws InputError as quantizationJob does.
 */
export function quantizeModel(model: OpenModel, recipe: Recipe): Quantized {
  const { corrected, plan, ranges } = quantizationJob(model, recipe);
  const quantized = quantizeGraph(corrected, plan, ranges, recipe);
  const stored = storeWeights(quantized.model, plan.stored, recipe.weights);
  const shared = plan.keepsCopies ? stored : shareEqual(stored, corrected);
  const inOrder = plan.target.staticShapes
    ? fixShapes(shared, new Map(Object.entries(model.inputs.shapes))).model
    : shared;
  const written = plan.keepsCopies ? inOrder : constantsFirst(inOrder);
  const { model: file, ends } = plan.target.integerEnds ? withIntegerEnds(written) : { model: written, ends: [] };
  const isWider = plan.layers.some(({ reason }) => reason?.code === "no-blocks");
  const hasBlocks = !isWider || plan.layers.some(({ weight }) => weight !== null);
  const artifact = modelArtifact(withOrigin(file, model.sha256, recipe), quantizedName(model, recipe, hasBlocks));
  return {
    model: written,
    inOrder,
    file,
    ends,
    written: artifact,
    get chunks() {
      return artifact.chunks;
    },
    bytes: artifactBytes(artifact),
    plan,
    affine: quantized.affine,
    unrounded: quantized.unrounded,
    rounded: quantized.rounded,
    notices: quantized.notices,
  };
}

/** Tensors are float32, and so are scales. */
function assertScalable(resolved: NonNullable<Recipe["resolved"]>) {
  for (const [id, { low, high }] of Object.entries(resolved)) {
    if (Number.isFinite(Math.fround(low)) && Number.isFinite(Math.fround(high))) continue;
    throw new InputError(
      `The recipe's range of tensor ${id}, ${low} to ${high}, is wider than any float32; narrow it, or calibrate again.`,
    );
  }
}

/** A range set by hand in a recipe whose resolved ranges were left as they were would do nothing. */
function assertHandRangesResolved(plan: QuantizationPlan, recipe: Recipe, resolved: NonNullable<Recipe["resolved"]>) {
  for (const group of plan.groups) {
    const hand = own(recipe.ranges, group.id);
    const range = own(resolved, group.id);
    if (group.fixed || !hand || !range) continue;
    const { low, high } = rangeWithin(hand, group.bounds);
    if (low === range.low && high === range.high) continue;
    throw new InputError(
      `The recipe sets ${group.id} by hand to another range than its resolved one; set "resolved" to null in the recipe to have all ranges settled again.`,
    );
  }
}

export { totalLength as totalBytes } from "../onnx/encode.ts";
