import { multipliesAll, type RecipeFormat, takesCodes, takesHalfEnds, takesRanges } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import { type ActivationScheme, type Range, type Scales, widened } from "../model/range.ts";
import { hasZeroPoints, isTunedForm, type Recipe, type WeightScheme, weightTypesOf } from "../model/recipe.ts";
import type { TargetName } from "../model/target.ts";
import { isWide } from "../values/codes.ts";
import { takesEnds } from "./takesEnds.ts";
import { takesWide } from "./takesWide.ts";
import { formRefusal } from "./weightForm.ts";

/** What a runtime takes, and what it makes of what it is given. Operators are named by their type in the default domain. */
export interface Target {
  readonly id: TargetName;
  /** As sentences have it. */
  readonly name: string;
  /** What a recipe becomes when the target is chosen. */
  readonly defaults: TargetDefaults;
  /** What it asks for, a sentence each, and where that is written. */
  readonly rules: readonly TargetRule[];
  readonly formats: readonly RecipeFormat[];
  readonly activations: readonly ActivationScheme[];
  readonly weights: readonly WeightScheme["type"][];
  readonly granularities: readonly WeightScheme["granularity"][];
  /** Whether weights may share scales in blocks: their DequantizeLinear, and MatMulNBits where it has operators of its own. */
  readonly blocks: boolean;
  /** Operators whose weights may have a scale a channel where a recipe asks for that; null: all. */
  readonly perChannel: ReadonlySet<string> | null;
  /** What scales must be; undefined: free. */
  readonly scales: Scales;
  /** The lowest opset of a model that it is given quantized. */
  readonly opset: number;
  /** The domain of its own DequantizeLinear, for codes that a model's opset does not have yet; null where it has none. */
  readonly ownDomain: string | null;
  /** The weights that integer kernels multiply with 8-bit activations; others are dequantized and multiplied in float. */
  readonly multiplies: readonly WeightScheme["type"][];
  /** Whether integer kernels multiply a weight that comes first, and two activations. */
  readonly multipliesFirst: boolean;
  readonly multipliesActivations: boolean;
  /** Operators whose weights are written as uint8 with zero point 128, the same values: their kernels take no signed ones. */
  readonly unsignedWeights: ReadonlySet<string>;
  /** Whether kernels may add two products in 16 bits, so that pairs of weights must not be too large (numerics/saturation.ts). */
  readonly addsInPairs: boolean;
  /** Whether a weight whose pairs cannot be told, since it has no channels, takes half of the codes for that. */
  readonly halvesOthers: boolean;
  /** Whether what only moves values has the scale of what it moves; else its result has one of its own. */
  readonly sharesAcrossMovers: boolean;
  /** Operators that make new values, and whose result has the scale of their input all the same. */
  readonly keepsScale: ReadonlySet<string>;
  /** Whether all that a Concat joins, and what it makes, has one scale. */
  readonly joinsOnOneScale: boolean;
  /** The ranges that the results of operators must have. */
  readonly fixedOutputs: ReadonlyMap<string, Range>;
  /** The same of results in 16 bits. */
  readonly fixedInWide: ReadonlyMap<string, Range>;
  /** Whether a clamp, or the Add of a constant after these operators, works on a result before it is rounded. */
  readonly fusesClamp: boolean;
  readonly fusesAdd: ReadonlySet<string>;
  /** Operators whose kernels add another tensor to their result before it is rounded: a residual, which is rounded then. */
  readonly fusesSum: ReadonlySet<string>;
  /** Operators whose integer kernels give float too: their result is rounded only where an 8-bit layer reads it. */
  readonly givesFloat: ReadonlySet<string>;
  /** Whether a clamp with one reader keeps the layer before it from its integer kernel unless its own result is rounded. */
  readonly roundsClamps: boolean;
  /** Whether what a clamp reads is rounded too where saturating is not the clamp: else the layer before it has no integer kernel. */
  readonly roundsBeforeClamps: boolean;
  /** What the constant biases of integer layers become. */
  readonly biases: "int32" | "int8" | "float";
  /** Operators that are multiplied in integers only with a constant bias, or none. */
  readonly wantsIntegerBias: ReadonlySet<string>;
  /**
   * Float operators that it, or ONNX Runtime, on which it is measured here, quantizes itself between a DequantizeLinear and a
   * QuantizeLinear, unless their bias is computed, or something stands between.
   */
  readonly quantizesItself: ReadonlySet<string>;
  /** Operators that have integer kernels; what only moves values moves codes, but for some. */
  readonly integerKernels: ReadonlySet<string>;
  readonly movesInFloat: ReadonlySet<string>;
  /** Float operators that move values, and before which it rounds what is rounded after them; those that are slow on codes then. */
  readonly roundsBefore: ReadonlySet<string>;
  readonly slowOnCodes: ReadonlySet<string>;
  /** Whether other operators are stored in 8 bits where that fits, and computed in float; else they stay in float, movers too. */
  readonly storesOthers: boolean;
  /** Operators that it has any kernel for; null: all. */
  readonly kernels: ReadonlySet<string> | null;
  /** What becomes of a layer that it has no kernel for. */
  readonly without: "falls back" | "not accepted";
  /** Layers in float: left so where that gains something, only where they must be, or not taken at all. */
  readonly floats: "where it gains" | "where it must" | "never";
  /** Whether recipes of before are for it, which join all and know no late operators (Operator.isLate). */
  readonly hasPast: boolean;
  /** Whether inputs and outputs are the codes themselves, so that the caller rounds. */
  readonly integerEnds: boolean;
  /** Whether inputs and outputs may be float16 where they are float32 in the model. */
  readonly halfEnds: boolean;
  /** Whether layers may compute in bfloat16, as ONNX has it (targets/bfloats.ts); else constants alone are kept in it. */
  readonly computesBfloats: boolean;
  /** Whether a GatherBlockQuantized may have an odd number of 4-bit zero points in a row. */
  readonly oddZeroPoints: boolean;
  /** Whether every dimension of its inputs must be a number. */
  readonly staticShapes: boolean;
  /** Whether what is measured here is measured on it. */
  readonly isHere: boolean;
  /** Operators that are multiplied in integers where the scales of activations are found at run time, faster than its other kernels. An LSTM is so by ONNX Runtime's own DynamicQuantizeLSTM. */
  readonly multipliesAtRunTime: ReadonlySet<string>;
  /** Null where its kernels were not timed. */
  readonly costs: KernelCosts | null;
}

export interface TargetDefaults extends Pick<Recipe, "format" | "activations" | "elementwise"> {
  readonly weights: Pick<WeightScheme, "type" | "granularity" | "scales">;
}

export interface TargetRule {
  readonly says: string;
  /** An address. */
  readonly source: string;
  /** The choices of a recipe that it is the reason of. */
  readonly settles?: readonly ("format" | "activations" | "weights" | "elementwise")[];
  /** The formats that it bears on; all where absent. */
  readonly formats?: readonly RecipeFormat[];
}

/** What layers take, in nanoseconds of one thread: a table, so that what is decided by it is decided everywhere alike. */
export interface KernelCosts {
  /** By operator, for each value read or made, whichever are more. `integer` is null where there is no integer kernel. */
  readonly kernels: ReadonlyMap<string, KernelCost>;
  /** Of operators that are not there, and of those that only move values. */
  readonly others: KernelCost;
  readonly moves: KernelCost;
  /** For each value that is rounded, or made float again, beside a kernel. */
  readonly quantize: number;
  readonly dequantize: number;
  /** For each layer, however little it does. */
  readonly layer: number;
}

export interface KernelCost {
  readonly float: number;
  readonly integer: number | null;
}

/** The part of a recipe that a target may refuse. */
export type Asked = Pick<
  Recipe,
  "format" | "activations" | "wide" | "ends" | "weights" | "corrections" | "elementwise" | "float"
> &
  Partial<Pick<Recipe, "codes">>;

/** Throws InputError where a target does not take what a recipe asks for. */
export function assertTakes(target: Target, recipe: Asked): void {
  const refusal = refusalOf(target, recipe);
  if (refusal !== null) throw new InputError(refusal);
}

/** A target where activations have 16 bits: the runtime here has no kernels for these, so that all is computed in float and no bias need be an integer. */
export function onWide(target: Target): Target {
  if (!target.isHere) return { ...target, addsInPairs: false };
  const none = new Set<string>();
  const kernels = { integerKernels: none, wantsIntegerBias: none, roundsBefore: none };
  return { ...target, ...kernels, multiplies: [], addsInPairs: false };
}

/** The sentence with which a target refuses a recipe; null where it takes it. */
export function refusalOf(target: Target, recipe: Asked): string | null {
  return formRefusal(recipe) ?? targetRefusal(target, recipe);
}

function targetRefusal(target: Target, recipe: Asked): string | null {
  const { activations, weights, elementwise, float } = recipe;
  const refuse = (what: string, instead: readonly string[]) =>
    `${target.name} takes no ${what}; choose ${instead.join(" or ")}.`;
  if (recipe.format === "float8" && target.ownDomain === null) {
    return `float8 is written for ONNX Runtime alone, on which it was seen to run; choose ${target.formats.join(" or ")} for ${target.name}.`;
  }
  if (!target.formats.includes(recipe.format)) return refuse(`format ${recipe.format}`, target.formats);
  if (!takesEnds(target, recipe)) {
    return takesHalfEnds(recipe)
      ? `${target.name} feeds and reads float32; leave inputs and outputs in float32.`
      : `Inputs and outputs are in float16 in the formats float16 and q4f16; choose one of these, or leave them in float32.`;
  }
  if (recipe.wide && recipe.wide.length > 0) {
    if (recipe.format !== "qdq" || widened(activations) === null) {
      return `Layers in 16 bits stand beside others in 8, in the format qdq; leave ${recipe.wide.join(", ")} out, or choose uint8 or int8 for all activations, in qdq.`;
    }
    if (!takesWide(target, recipe)) {
      return `${target.name} takes no layers in 16 bits; take ${recipe.wide.join(", ")} back.`;
    }
  }
  if (!takesCodes(recipe)) return null;
  const types = weightTypesOf(weights);
  const unknown = types.find((type) => !target.weights.includes(type));
  if (unknown !== undefined) return refuse(`weights in ${unknown}`, target.weights);
  if (isTunedForm(weights) && hasZeroPoints(recipe) && !target.weights.includes("uint4")) {
    return `${target.name} takes no zero points of weights in int4, which the recipe's codes have; set "codes" and "biases" to null in the recipe to tune them again.`;
  }
  const unmultiplied = multipliesAll(recipe) && types.find((type) => !target.multiplies.includes(type));
  if (unmultiplied) {
    return `The format ${recipe.format} holds weights that ${target.name} multiplies in integers; choose ${target.multiplies.join(" or ")} in the place of ${unmultiplied}, or another format.`;
  }
  if (recipe.format === "dynamic" && activations.scales) {
    return "Scales that are found as the model runs are no powers of two; leave powers of two out, or choose another format.";
  }
  if (weights.block !== undefined && !target.blocks) return refuse("weights in blocks", ["a scale a channel"]);
  if (multipliesAll(recipe) && isWide(activations.type)) {
    return `The format ${recipe.format} holds operators on codes, which take 8 bits; choose another type of activations in the place of ${activations.type}, or the format qdq.`;
  }
  if (!target.granularities.includes(weights.granularity)) {
    const words = { channel: "scales by channel", tensor: "scales by tensor" } as const;
    return refuse(
      words[weights.granularity],
      target.granularities.map((each) => words[each]),
    );
  }
  const ranged = takesRanges(recipe);
  const isFree = weights.scales === undefined || (ranged && activations.scales === undefined);
  if (target.scales !== undefined && isFree) return refuse("scales but powers of two", ["powers of two"]);
  const stored = Object.values(float.storedAs ?? {});
  if (stored.includes("float16") && !target.formats.includes("float16")) {
    return refuse("weights of single layers in float16", ["int8", "float32"]);
  }
  if (stored.includes("int4") && !(target.blocks && target.weights.includes("int4"))) {
    return refuse("weights in blocks of int4 for layers in float", ["int8", "float32"]);
  }
  if (target.floats === "never") {
    const left = [
      ...[...float.layers, ...float.operators, ...float.tensors],
      ...[...(float.stored ?? []), ...Object.keys(float.storedAs ?? {})],
    ];
    if (left.length > 0) return `${target.name} takes nothing in float; take ${left.join(", ")} back.`;
  }
  if (!ranged) return null;
  const isTaken = (scheme: ActivationScheme) =>
    scheme.type === activations.type && scheme.symmetric === activations.symmetric;
  if (!target.activations.some(isTaken)) {
    return refuse(`activations in ${schemeText(activations)}`, target.activations.map(schemeText));
  }
  const ways = [...(target.costs ? ["auto"] : []), "join", ...(target.floats === "never" ? [] : ["float"])];
  if (ways.includes(elementwise)) return null;
  const why =
    elementwise === "auto" ? "layers without weights decided on samples, as its kernels were not timed" : null;
  return refuse(why ?? "layers without weights in float", ways);
}

function schemeText({ type, symmetric }: ActivationScheme): string {
  return `${symmetric ? "symmetric" : "asymmetric"} ${type}`;
}
