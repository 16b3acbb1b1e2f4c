import type { AdvisedSettings } from "../model/advice.ts";
import type { Calibration } from "../model/calibration.ts";
import type { CodeSearch } from "../model/codeSearch.ts";
import type { FineTuning } from "../model/finetuning.ts";
import {
  hasIntegerActivations,
  isTuned,
  multiplies,
  type RecipeFormat,
  takesHalfEnds,
  takesRanges,
} from "../model/format.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { ActivationScheme, Method, Range } from "../model/range.ts";
import {
  type Corrections,
  type Elementwise,
  type Ends,
  isSampled,
  isTunedForm,
  type MethodChoice,
  type Recipe,
  type WeightScheme,
} from "../model/recipe.ts";
import type { Rounding } from "../model/rounding.ts";
import { DEFAULT_TARGET, type TargetName } from "../model/target.ts";
import { TARGETS, targetOf } from "../targets/index.ts";
import { FLOAT8_SCHEME } from "../targets/ort.ts";
import { takesEnds } from "../targets/takesEnds.ts";
import { takesWide } from "../targets/takesWide.ts";
import { rangeWithin } from "../values/clamp.ts";
import { type BlockSize, isAsymmetric, isCodebook, type WeightType } from "../values/codes.ts";
import { withLearned, withOthers, withoutVainPrints, withSettings } from "./change.ts";
import { joinPrints } from "./prints.ts";
import { withWide } from "./wide.ts";

/*
 * Edits of a recipe. Each says what is chosen; what that leaves of what was derived is read from the table
 * (derivations.ts). Those that concern one range settle it as well.
 */

export const UINT8: ActivationScheme = { type: "uint8", symmetric: false };
export const INT8: ActivationScheme = { type: "int8", symmetric: true };
export const UINT16: ActivationScheme = { type: "uint16", symmetric: false };
export const INT16: ActivationScheme = { type: "int16", symmetric: true };

/** The recipe for another target, with what that one sets; for the one it is for already, as it is. */
export function withTarget(recipe: Recipe, name: TargetName): Recipe {
  if (name === (recipe.target ?? DEFAULT_TARGET)) return recipe;
  const { weights, ...defaults } = TARGETS[name].defaults;
  const { rounding } = recipe.weights;
  const { corrections } = hasIntegerActivations(defaults) ? recipe : withSmoothing(recipe, false);
  const changed = withSettings(recipe, {
    target: name,
    ...defaults,
    corrections,
    weights: tunedIfTunable({ rounding, ...weights }),
  });
  const taken = takesEnds(targetOf(changed), changed) ? changed : withEnds(changed, "float32");
  if (name !== DEFAULT_TARGET) return narrowed(taken);
  const { target: _, ...back } = narrowed(taken);
  return back;
}

/** The recipe as advised for a target, with all that is learned anew and no other layer left in float. */
export function withAdvice(recipe: Recipe, name: TargetName, { target: _, ...settings }: AdvisedSettings): Recipe {
  return withWide(withSettings(withTarget(recipe, name), settings), []);
}

/** Weights that are quantized with activations have no blocks and no zero points. */
export function withActivations(recipe: Recipe, activations: ActivationScheme): Recipe {
  return narrowed(
    withSettings(recipe, {
      activations: { ...recipe.activations, ...activations },
      format: takesRanges(recipe) && recipe.format !== "float8" ? recipe.format : "qdq",
      weights: beside(recipe.weights),
    }),
  );
}

/** Without layers in 16 bits where its target takes none beside what all others are. */
function narrowed(recipe: Recipe): Recipe {
  return takesWide(targetOf(recipe), recipe) ? recipe : withWide(recipe, []);
}

/** Whether every scale is a power of two; else they are free. */
export function withPowersOfTwo(recipe: Recipe, chosen: boolean): Recipe {
  const { scales: _, ...activations } = recipe.activations;
  const { scales: __, ...weights } = recipe.weights;
  const scales = chosen ? ({ scales: "power-of-two" } as const) : {};
  return withSettings(recipe, {
    activations: { ...activations, ...scales },
    weights: tunedIfTunable({ ...weights, ...scales }),
  });
}

/** Weights that are multiplied by codes have no blocks and no zero points; those beside float16 are 4 bits in blocks; else they stay as they are chosen. */
export function withFormat(given: Recipe, format: RecipeFormat): Recipe {
  return narrowed(inFormat(takesHalfEnds({ format }) ? given : withEnds(given, "float32"), format));
}

/** What float32 inputs and outputs of the model are in the file. */
export function withEnds(recipe: Recipe, ends: Ends): Recipe {
  return (recipe.ends ?? "float32") === ends ? recipe : withSettings(recipe, { ends });
}

function inFormat(given: Recipe, format: RecipeFormat): Recipe {
  const tuned = isTuned({ format }) ? given : withoutStoredTypes(given);
  const recipe = hasIntegerActivations({ format }) ? tuned : withSmoothing(tuned, false);
  if (format === "float8") return inFloat8(recipe);
  if (recipe.format === "float8") return inFormat(outOfFloat8(recipe), format);
  if (format === "q4f16") return withSettings(recipe, { format, weights: besideHalves(recipe.weights) });
  if (multiplies({ format })) return withSettings(recipe, { format, weights: beside(recipe.weights) });
  const weights = format === "weights" ? besideCodes(recipe) : unsampled(recipe.weights);
  return withSettings(recipe, { format, weights });
}

/** What was in float16 beside blocks is not in 4 bits either. */
function besideCodes({ format, weights }: Recipe): WeightScheme {
  return format === "q4f16" ? { ...weights, ...BESIDE_BLOCKS } : weights;
}

/** Codes are found on samples where integers are stored, and nowhere else. */
function unsampled(weights: WeightScheme): WeightScheme {
  const { algorithm: _, ...others } = weights;
  return isSampled(weights) ? others : weights;
}

/** Layers in float keep weights in other types beside codes alone. */
function withoutStoredTypes(recipe: Recipe): Recipe {
  if (!recipe.float.storedAs) return recipe;
  const { storedAs: _, ...float } = recipe.float;
  return withSettings(recipe, { float });
}

/** Weights and activations alike, with scales and no zero points. */
function inFloat8(recipe: Recipe): Recipe {
  const { layers: _, ...weights } = toNearest(unblocked(recipe.weights));
  return withSettings(recipe, {
    format: "float8",
    activations: { ...recipe.activations, ...FLOAT8_SCHEME },
    weights: { ...weights, type: "float8" },
  });
}

/** A recipe in float8 with the types that its target begins with. */
function outOfFloat8(recipe: Recipe): Recipe {
  const { activations, weights, format } = targetOf(recipe).defaults;
  return withSettings(recipe, {
    format,
    activations: { ...recipe.activations, ...activations },
    weights: { ...recipe.weights, type: weights.type },
  });
}

/** Weights that MatMulNBits reads beside float16: in blocks of 32 where none are chosen. */
function besideHalves({ scales: _, layers: __, block = 32, type, ...weights }: WeightScheme): WeightScheme {
  return {
    ...toNearest(weights),
    type: type === "int4" ? type : "uint4",
    granularity: "channel",
    block,
    operator: "matmulnbits",
  };
}

function toNearest<W extends Pick<WeightScheme, "rounding" | "seed">>({ seed: _, rounding: __, ...weights }: W) {
  return { ...weights, rounding: "nearest" as const };
}

/** What is learned of whole channels is not of blocks, nor of types with zero points. */
function unlearned<W extends Pick<WeightScheme, "rounding" | "seed">>(weights: W) {
  return weights.rounding === "learned" || weights.rounding === "finetuned" ? toNearest(weights) : weights;
}

/** Weights of another form than is fine-tuned are rounded to nearest. */
function tunedIfTunable(weights: WeightScheme): WeightScheme {
  return weights.rounding === "finetuned" && !isTunedForm(weights) ? toNearest(weights) : weights;
}

const SYMMETRIC = {
  int8: "int8",
  uint8: "int8",
  int4: "int4",
  uint4: "int4",
  int2: "int4",
  uint2: "int4",
  nf4: "int4",
  codebook16: "int4",
  codebook256: "int8",
  float8: "int8",
} as const satisfies Record<WeightScheme["type"], WeightScheme["type"]>;

/** Weights that are quantized with activations. */
function beside({ layers, ...weights }: WeightScheme): WeightScheme {
  const type = SYMMETRIC[weights.type];
  const symmetric = Object.entries(layers ?? {}).map(([layer, own]) => [layer, SYMMETRIC[own]] as const);
  return withOwnTypes({ ...unblocked(weights), type }, Object.fromEntries(symmetric));
}

/** A scheme with types of single layers, of which those that are not others are left out, but where these would be wider. */
function withOwnTypes(
  { layers: _, ...weights }: WeightScheme,
  types: Readonly<Record<string, WeightType>>,
): WeightScheme {
  const others = Object.entries(types).filter(([, type]) => type !== weights.type || weights.others !== undefined);
  return others.length > 0 ? { ...weights, layers: Object.fromEntries(others) } : weights;
}

/** Gives weights of layers a type of their own; that of all the others takes it back. */
export function withLayerType(recipe: Recipe, layers: readonly string[], type: WeightType): Recipe {
  const { weights } = recipe;
  const named = Object.fromEntries(layers.map((layer) => [layer, type]));
  return withSettings(recipe, { weights: withOwnTypes(weights, { ...weights.layers, ...named }) });
}

function unblocked({ block: _, others: __, operator: ___, algorithm: ____, ...weights }: WeightScheme): WeightScheme {
  return weights;
}

const whole = ({ weights }: Recipe) => (weights.type === "nf4" ? "int4" : weights.type);
const inBlocks = ({ type }: WeightScheme) => (isCodebook(type) ? SYMMETRIC[type] : type);

/** What becomes of layers that no blocks fit, where blocks are chosen and nothing is said of these. */
export const BESIDE_BLOCKS: Pick<WeightScheme, "others"> = { others: "wider" };

/** How many weights share a scale, which has then more than one a tensor; null for one a channel. */
export function withBlock(recipe: Recipe, block: BlockSize | null): Recipe {
  if (block === null) return withSettings(recipe, { weights: { ...unblocked(recipe.weights), type: whole(recipe) } });
  const { scales: _, ...weights } = recipe.weights;
  const others = weights.block === undefined ? BESIDE_BLOCKS : {};
  return withSettings(recipe, {
    weights: { ...unlearned(weights), type: inBlocks(recipe.weights), granularity: "channel", block, ...others },
  });
}

/** Null is what is done where nothing is chosen. */
export function withWeightOperator(recipe: Recipe, operator: WeightScheme["operator"] | null): Recipe {
  const { operator: _, ...weights } = recipe.weights;
  return withSettings(recipe, { weights: { ...weights, ...(operator && { operator }) } });
}

export function withWeightAlgorithm(recipe: Recipe, algorithm: WeightScheme["algorithm"] | null): Recipe {
  const { algorithm: _, ...weights } = recipe.weights;
  return withSettings(recipe, { weights: { ...weights, ...(algorithm && { algorithm }) } });
}

export function withGranularity(recipe: Recipe, granularity: WeightScheme["granularity"]): Recipe {
  return withSettings(recipe, { weights: tunedIfTunable({ ...recipe.weights, granularity }) });
}

/**
 * The type of all weights. Learned rounding and powers of two are for symmetric types; nf4 is in blocks, of 64 where none are chosen, that
 * one operator reads; codebooks have none.
 */
export function withWeightType(recipe: Recipe, type: WeightScheme["type"]): Recipe {
  const { layers: _, ...all } = recipe.weights;
  if (type !== "nf4" && !isAsymmetric(type) && !isCodebook(type)) {
    return withSettings(recipe, { weights: tunedIfTunable({ ...all, type }) });
  }
  const { scales: __, ...weights } = all;
  if (isCodebook(type)) return withSettings(recipe, { weights: { ...toNearest(unblocked(weights)), type } });
  if (type !== "nf4") return withSettings(recipe, { weights: { ...unlearned(weights), type } });
  const { operator: ___, algorithm: ____, block = 64, ...others } = weights;
  return withSettings(recipe, { weights: { ...toNearest(others), type, granularity: "channel", block } });
}

/** Rounds weights to nearest, at random, or as learned: null where that is not done yet. */
export function withRounding(recipe: Recipe, kind: WeightScheme["rounding"], rounding: Recipe["rounding"]): Recipe {
  return withSettings(recipe, { weights: { ...toNearest(recipe.weights), rounding: kind } }, { rounding });
}

/** What is drawn where weights are rounded at random. */
export function withRoundingSeed(recipe: Recipe, seed: number): Recipe {
  return withSettings(recipe, { weights: { ...recipe.weights, seed } });
}

/** Weights rounded as was learned, with the biases that were learned with it where any are corrected; the recipe knows the samples that taught it. */
export function withLearnedRounding(
  recipe: Recipe,
  { rounding, biases, prints }: Pick<Rounding, "rounding" | "biases" | "prints">,
): Recipe {
  const weights: WeightScheme = { ...toNearest(recipe.weights), rounding: "learned" };
  const corrected = recipe.corrections.bias === "none" ? null : biases;
  const learned = withSettings(recipe, { weights }, { rounding, biases: corrected });
  return withoutVainPrints({ ...learned, prints: joinPrints(learned.prints, prints) });
}

/** Weights and biases as they were fine-tuned; the recipe knows the samples that taught it. */
export function withFineTuning(
  recipe: Recipe,
  { codes, biases, prints }: Pick<FineTuning, "codes" | "biases" | "prints">,
): Recipe {
  const tuned = withLearned(withLearned(withRounding(recipe, "finetuned", null), { codes }), { biases });
  return withoutVainPrints({ ...tuned, prints: joinPrints(tuned.prints, prints) });
}

/** Weights with the codes, and inputs with the scales, that were found on samples; the recipe knows these. */
export function withFoundCodes(
  recipe: Recipe,
  { algorithm, inputScales, codes, prints }: Pick<CodeSearch, "algorithm" | "inputScales" | "codes" | "prints">,
): Recipe {
  const asked = withWeightAlgorithm(recipe, algorithm);
  const scaled = inputScales ? withLearned(asked, { inputScales }) : asked;
  const found = withLearned(scaled, { codes });
  return withoutVainPrints({ ...found, prints: joinPrints(found.prints, prints) });
}

export function withElementwise(recipe: Recipe, elementwise: Elementwise): Recipe {
  return withSettings(recipe, { elementwise });
}

export function withCorrections(recipe: Recipe, change: Partial<Corrections>): Recipe {
  return withSettings(recipe, { corrections: { ...recipe.corrections, ...change } });
}

/** Whether channels are smoothed; old recipes do not say it. */
export function withSmoothing(recipe: Recipe, chosen: boolean): Recipe {
  const { smoothing: _, ...corrections } = recipe.corrections;
  if (chosen) return withSettings(recipe, { corrections: { ...corrections, smoothing: true } });
  return recipe.corrections.smoothing === undefined ? recipe : withSettings(recipe, { corrections });
}

/** One method for every tensor that has none of its own and no range set by hand. */
export function withMethod(recipe: Recipe, method: MethodChoice): Recipe {
  return withSettings(recipe, { method });
}

/** A method for one group, and the range it comes to. */
export function withGroupMethod(recipe: Recipe, group: string, method: Method, range: Range): Recipe {
  return withSettings(
    recipe,
    { methods: { ...recipe.methods, [group]: method }, ranges: without(recipe.ranges, group) },
    { resolved: recipe.resolved && { ...recipe.resolved, [group]: range } },
  );
}

/** A range set by hand for one group, without what the group's bounds never let through, as the engine settles it. */
export function withGroupRange(recipe: Recipe, group: string, range: Range, bounds: Range | null): Recipe {
  const inside = rangeWithin(range, bounds);
  return withSettings(
    recipe,
    { methods: without(recipe.methods, group), ranges: { ...recipe.ranges, [group]: inside } },
    { resolved: recipe.resolved && { ...recipe.resolved, [group]: inside } },
  );
}

/** Gives one group back to the method of all. */
export function withGroupDefault(recipe: Recipe, group: string): Recipe {
  return withSettings(recipe, {
    methods: without(recipe.methods, group),
    ranges: without(recipe.ranges, group),
  });
}

/** Leaves layers, operators or tensors in float, or takes them back; names that come are the last of the list. */
export function withFloat(
  recipe: Recipe,
  kind: "layers" | "operators" | "tensors",
  names: readonly string[],
  inFloat: boolean,
): Recipe {
  const moved = new Set(names);
  const { stored, storedAs, ...float } = recipe.float;
  const others = float[kind].filter((name) => !moved.has(name));
  const isTaken = (name: string) => kind === "layers" && !inFloat && moved.has(name);
  const kept = stored?.filter((name) => !isTaken(name));
  const typed = storedAs && Object.fromEntries(Object.entries(storedAs).filter(([name]) => !isTaken(name)));
  const left = { ...float, [kind]: inFloat ? [...others, ...moved] : others };
  const changed = withSettings(recipe, {
    float: { ...left, ...(kept && { stored: kept }), ...(typed && { storedAs: typed }) },
  });
  const narrow = recipe.wide?.filter((name) => !moved.has(name)) ?? [];
  return kind === "layers" && inFloat ? withWide(changed, narrow) : changed;
}

export function withPreprocess(recipe: Recipe, preprocess: Preprocess | null): Recipe {
  return withSettings(recipe, { preprocess });
}

/** The recipe for samples that were calibrated on elsewhere: its ranges are settled from them. */
export function withSamplesOf(recipe: Recipe, { preprocess, seed }: Pick<Calibration, "preprocess" | "seed">): Recipe {
  return withOthers(withSettings(recipe, { preprocess, seed }), ["statistics"]);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
