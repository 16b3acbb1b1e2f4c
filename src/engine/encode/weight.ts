import type { Fitter } from "../model/fitting.ts";
import { multiplies as multipliesIn } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import { type FoundCodes, isSampled, type Recipe, weightTypeOf } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { allowedScale } from "../numerics/affine.ts";
import { balancedCodes } from "../numerics/balance.ts";
import { byteBias, type QuantizedBias, quantizeBias } from "../numerics/bias.ts";
import { unpackBits } from "../numerics/bits.ts";
import { leastErrorBlocksBeside } from "../numerics/blockParts.ts";
import { asymmetricScales, type BlockScales, extremeScales, leastErrorBlocks } from "../numerics/blockScales.ts";
import { blockLayout, quantizeBlocks } from "../numerics/blocks.ts";
import { type ChannelLayout, channelLayout } from "../numerics/channels.ts";
import { toFloat8 } from "../numerics/float8.ts";
import { normalFloats } from "../numerics/normalFloat.ts";
import type { Reduction } from "../numerics/reduction.ts";
import { saturationFreeScales } from "../numerics/saturation.ts";
import { type Rounder, stochasticRounder } from "../numerics/stochastic.ts";
import { quantizeWeights, roundWeights, weightScales } from "../numerics/weights.ts";
import {
  type CodeLimits,
  isAsymmetric,
  isCodebook,
  type WeightCodes,
  type WeightType,
  weightLimits,
} from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { halfAbove, LEAST_HALF } from "../values/halfFloats.ts";
import { encodeCodebook } from "./codebook.ts";
import { unpackCodes } from "./foundCodes.ts";

/** A layer's constant factor as numbers, and how its values make output channels. */
export interface WeightSource {
  /** The same object for the same values: what they came to last is kept for as long as it is. */
  readonly key: object;
  readonly name: string;
  readonly dims: readonly number[];
  /** The axis of output channels; null where channels cannot have scales of their own. */
  readonly channelAxis: number | null;
  /** Whether channels may have scales of their own where a recipe asks for that. */
  readonly hasChannelScales: boolean;
  /** The order in which an integer kernel adds its products; null where there is none. */
  readonly reduction: Reduction | null;
  /** The axis whose values may share scales in blocks, the one that products are added along; null where they cannot. */
  readonly blockAxis: number | null;
  /** How large each input along that axis is, where constants say so; null where nothing does. */
  readonly importance: (() => Float32Array) | null;
  readonly values: () => Float32Array;
  /** Whether they are read anew each time, since they are not in memory: then codes are worked out each time too, and none are kept. */
  readonly isDeferred: boolean;
  /** Fills an array with those from a place on; null where that takes reading all of them. */
  readonly read: ((target: Float32Array, from: number) => void) | null;
  /** What is added to each output channel and becomes int32; null where nothing does. */
  readonly bias: (() => Float32Array) | null;
  /** Whether that is an input of the layer, and no Add behind it. */
  readonly hasOwnBias: boolean;
}

export interface EncodedWeight {
  readonly dims: readonly number[];
  /** The axis the scales run along; null for one scale, and for blocks. */
  readonly axis: number | null;
  /** Blocks of values along an axis that share scales (numerics/blocks.ts); null where whole channels do, or all. */
  readonly blocks: { readonly axis: number; readonly size: number } | null;
  readonly type: WeightType;
  readonly scales: Float32Array;
  /** One a scale; null where all are 0. */
  readonly zeroPoints: WeightCodes | null;
  readonly codes: WeightCodes;
  /** What codes of a codebook are places of, times the scale; absent in other types. */
  readonly table?: Float32Array;
  /** Whether the codes are worked out each time that they are asked for. */
  readonly isDeferred: boolean;
  /** The learned rounding that the codes follow; null where they are nearest. */
  readonly rounding: string | null;
  readonly bias: QuantizedBias | null;
  /** How many scales were raised so that the bias fits 32 bits, here or where the runtime makes these of a float one. */
  readonly raised: number;
  /** Channels, or blocks, that are all zero or vanishing. */
  readonly dead: readonly number[];
}

/** The part of a recipe, and of what runs it, that decides how a layer's weight is encoded. */
export interface WeightChoices
  extends Pick<Recipe["weights"], "type" | "granularity" | "scales" | "block" | "algorithm"> {
  /** Whether integer kernels multiply it with 8-bit activations. */
  readonly isMultiplied: boolean;
  /** Whether these may add two products in 16 bits, and a weight whose pairs cannot be told takes half of the codes for that. */
  readonly addsInPairs: boolean;
  readonly halvesOthers: boolean;
  /** What a bias becomes. */
  readonly biases: "int32" | "int8" | "float";
  /** Whether its scales are such as float16 holds, where that is fine enough. */
  readonly halves?: boolean;
  /** Its learned rounding, as the recipe has it; null to round to nearest, or at random. */
  readonly rounding: string | null;
  /** What is drawn where it is rounded at random; where this is absent it is not. */
  readonly seed?: number;
  /** The codes and scales, of blocks or channels, that were found on samples; where this is absent they are worked out. */
  readonly found?: FoundCodes;
}

/** What multiplies weights: a target says it. */
export interface Multiplier extends Pick<WeightChoices, "addsInPairs" | "halvesOthers" | "biases"> {
  readonly multiplies: readonly WeightType[];
}

export function weightChoices(
  { format, weights, rounding, codes }: Pick<Recipe, "format" | "weights" | "rounding" | "codes">,
  { multiplies, addsInPairs, halvesOthers, biases }: Multiplier,
  layer: string,
): WeightChoices {
  const learned = weights.rounding === "learned" && rounding ? own(rounding, layer) : undefined;
  const { granularity, scales, block, algorithm, seed = 0 } = weights;
  const type = weightTypeOf(weights, layer);
  const isMultiplied = multiplies.includes(type) && multipliesIn({ format });
  const kernel = { isMultiplied, addsInPairs, halvesOthers, biases };
  const halves = format === "dynamic" || format === "q4f16";
  const hasCodes = isSampled(weights) || weights.rounding === "finetuned";
  const found = hasCodes && codes ? own(codes, layer) : undefined;
  return {
    ...{ type, granularity, scales, block, algorithm, ...kernel, halves, rounding: learned ?? null },
    ...(weights.rounding === "stochastic" && { seed }),
    ...(found && { found }),
  };
}

/** Two of these and two unsigned activations stay within 16 bits, whichever they are. */
const HALF_OF_INT8: CodeLimits = [-64, 64];

interface Codes extends Pick<EncodedWeight, "axis" | "blocks" | "scales" | "zeroPoints" | "bias" | "raised" | "dead"> {
  readonly work: () => WeightCodes;
}

/** What a weight came to last, and from what. A tensor's values never change, so the same inputs give the same codes. */
interface Known {
  /** All that its scales follow from, beside its values, and what is drawn for its codes. */
  readonly by: string;
  readonly scales: Float32Array;
  readonly zeroPoints: WeightCodes | null;
  readonly dead: readonly number[];
  /** The scales after the bias, and the codes that follow from them and the rounding. */
  readonly adjusted: Float32Array;
  readonly rounding: string | null;
  /** Null where they are not kept. */
  readonly codes: WeightCodes | null;
}

/** The codes that were worked out last of a weight that is not in memory. */
let lastWorked:
  | (Pick<EncodedWeight, "scales" | "rounding" | "codes"> & { readonly key: object; readonly by: string })
  | null = null;

/** One entry a weight, for as long as its model is there: a quarter of the float weight at most. */
const known = new WeakMap<object, Known>();

/**
 * A layer's weight in integers, in blocks where the choices have them and the layer adds products along an axis of its own. Where integer
 * kernels multiply it, its scales are kept from saturating 16-bit sums and, where the input's scale is given, its bias is in
 * int32, there or in the runtime; where that would overflow, the scale is raised first. Weights of channels are rounded as was learned, or so that an
 * output channel's errors cancel, those of blocks to nearest, and either at random where that is chosen. Codes that were worked out the last time are given again, so
 * the result is not to be changed. Throws InputError when the learned rounding is that of another weight.
 */
export function encodeWeight(source: WeightSource, choices: WeightChoices, inputScale: number | null): EncodedWeight {
  const { dims, blockAxis, isDeferred } = source;
  const { type, rounding, block } = choices;
  if (isCodebook(type)) {
    const axis = sharingAxis(source, choices);
    const { key, values, channelAxis, reduction } = source;
    const order = channelAxis === null ? null : reduction;
    const found = encodeCodebook(key, values, channelLayout(dims, axis), order, weightLimits(type)[1] + 1);
    return {
      dims,
      type,
      rounding,
      axis,
      blocks: null,
      zeroPoints: null,
      bias: null,
      raised: 0,
      isDeferred: false,
      ...found,
    };
  }
  const { work, ...made } =
    block !== undefined && blockAxis !== null
      ? encodeBlocks(source, choices, { axis: blockAxis, size: block })
      : encodeChannels(source, choices, inputScale);
  return {
    dims,
    type,
    rounding,
    ...made,
    isDeferred,
    get codes() {
      if (!isDeferred) return work();
      const by = JSON.stringify([type, made.axis, made.blocks]);
      const isSame = lastWorked?.key === source.key && lastWorked.by === by && lastWorked.rounding === rounding;
      if (isSame && lastWorked && areEqual(lastWorked.scales, made.scales)) return lastWorked.codes;
      lastWorked = null;
      const codes = work();
      lastWorked = { key: source.key, by, scales: made.scales, rounding, codes };
      return codes;
    },
  };
}

function encodeBlocks(
  source: WeightSource,
  choices: WeightChoices,
  blocks: NonNullable<EncodedWeight["blocks"]>,
): Codes {
  const worked = workedBlocks(source, choices, blocks);
  if (!choices.found) return worked;
  const { codes, ...found } = foundCodes(source, choices.found, choices.type, { ...worked, takesZeroPoints: false });
  if (choices.halves && found.scales.some((scale) => halfAbove(scale) !== scale)) {
    throw new InputError(
      `The recipe holds a scale that float16 does not for the weight ${source.name}; set "codes" to null in the recipe to find them again.`,
    );
  }
  return { ...worked, ...found, work: () => codes };
}

function foundCodes(
  { dims, name }: WeightSource,
  found: FoundCodes,
  type: WeightType,
  { scales, zeroPoints, takesZeroPoints }: Pick<Codes, "scales" | "zeroPoints"> & { readonly takesZeroPoints: boolean },
) {
  return unpackCodes(found, { codes: { length: elementCount(dims) }, scales, zeroPoints, takesZeroPoints }, type, name);
}

/** Whether scales of a weight are found by its least error, without data. */
export function isRefined(
  { blockAxis }: Pick<WeightSource, "blockAxis">,
  { type, block, algorithm, found }: WeightChoices,
): boolean {
  return block !== undefined && blockAxis !== null && type !== "nf4" && algorithm !== "nearest" && !found;
}

/**
 * Finds the scales of a weight in blocks on several threads where they are refined and the weight is not in memory: encoding then has them,
 * those that it would find to the bit. Rejects with AbortError once `signal` is aborted.
 */
export async function fitAhead(
  source: WeightSource,
  choices: WeightChoices,
  fitters: readonly Fitter[],
  signal: AbortSignal,
): Promise<void> {
  const { key, dims, read, blockAxis } = source;
  const { type, block } = choices;
  if (!read || block === undefined || blockAxis === null || !isRefined(source, choices)) return;
  const blocks = { axis: blockAxis, size: block };
  const { by, inputs } = basisOf(source, choices, blocks);
  if (known.get(key)?.by === by) return;
  const layout = blockLayout(dims, blocks.axis, blocks.size);
  const found = await leastErrorBlocksBeside(read, layout, { type, importance: inputs }, fitters, signal);
  const fitted = allowedBlocks(found, choices);
  known.set(key, { by, ...fitted, adjusted: fitted.scales, rounding: null, codes: null });
}

/** What a weight's blocks follow from, beside its values, and how large its inputs are where that counts. */
function basisOf(
  { importance }: WeightSource,
  { type, algorithm, halves, seed }: WeightChoices,
  blocks: NonNullable<EncodedWeight["blocks"]>,
): { readonly by: string; readonly inputs: Float32Array | null } {
  const inputs = algorithm === "nearest" ? null : (importance?.() ?? null);
  return { by: JSON.stringify([type, blocks, algorithm, inputs && [...inputs], halves, seed]), inputs };
}

function allowedBlocks(found: BlockScales, { halves }: WeightChoices): BlockScales {
  return halves ? { ...found, scales: found.scales.map(halfAbove) } : found;
}

function workedBlocks(
  source: WeightSource,
  choices: WeightChoices,
  blocks: NonNullable<EncodedWeight["blocks"]>,
): Codes {
  const { key, name, dims, values, isDeferred } = source;
  const { type, algorithm, seed } = choices;
  if (type === "nf4") {
    const [first = 1, second = 1] = dims;
    const find = () => normalFloats(values(), [first, second], blocks.axis, blocks.size);
    const { codes, ...found } = find();
    const work = isDeferred ? () => find().codes : () => codes;
    return { axis: null, blocks, bias: null, raised: 0, zeroPoints: null, ...found, work };
  }
  const layout = blockLayout(dims, blocks.axis, blocks.size);
  const { by, inputs } = basisOf(source, choices, blocks);
  const last = known.get(key);
  const made = { axis: null, blocks, bias: null, raised: 0 };
  const round = ({ scales, zeroPoints }: Pick<Known, "scales" | "zeroPoints">) =>
    quantizeBlocks(values(), layout, scales, zeroPoints, type, rounderOf(seed, name));
  if (last?.by === by) {
    const { scales, zeroPoints, dead, codes } = last;
    return { ...made, scales, zeroPoints, dead, work: () => codes ?? round(last) };
  }
  const weight = values();
  const found =
    algorithm === "nearest" ? extremeScales(weight, layout, type) : leastErrorBlocks(weight, layout, type, inputs);
  const fitted = allowedBlocks(found, choices);
  const codes = isDeferred ? null : round(fitted);
  known.set(key, { by, ...fitted, adjusted: fitted.scales, rounding: null, codes });
  return { ...made, ...fitted, work: () => codes ?? round(fitted) };
}

/** The axis whose places have scales of their own; null for one scale. */
function sharingAxis(
  { channelAxis, hasChannelScales }: WeightSource,
  { granularity }: Pick<WeightChoices, "granularity">,
): number | null {
  return granularity === "channel" && hasChannelScales ? channelAxis : null;
}

function encodeChannels(source: WeightSource, choices: WeightChoices, inputScale: number | null): Codes {
  const worked = workedChannels(source, choices, inputScale);
  if (!choices.found) return worked;
  if (worked.bias) {
    throw new InputError(
      `The recipe holds codes for the weight ${source.name}, which is multiplied in integers here; set "codes" to null in the recipe, or round to nearest.`,
    );
  }
  const isTuned = choices.type === "int4";
  const { codes, ...found } = foundCodes(source, choices.found, choices.type, { ...worked, takesZeroPoints: isTuned });
  return { ...worked, ...found, work: () => codes };
}

function workedChannels(source: WeightSource, choices: WeightChoices, inputScale: number | null): Codes {
  const { type, isMultiplied, addsInPairs, halvesOthers, biases, rounding, scales: allowed } = choices;
  const { key, dims, channelAxis, isDeferred } = source;
  let data: Float32Array | null = null;
  const weight = () => {
    if (isDeferred) return source.values();
    data ??= source.values();
    return data;
  };
  const axis = sharingAxis(source, choices);
  const layout = channelLayout(dims, axis);
  const channels = channelAxis === null ? 1 : (dims[channelAxis] as number);
  const order = channelAxis === null ? null : source.reduction;
  const reduction = order && { ...order, paired: order.paired && isMultiplied && addsInPairs };
  const limits = halvesOthers && isMultiplied && type === "int8" && !order ? HALF_OF_INT8 : weightLimits(type);
  const by = JSON.stringify([
    type,
    isMultiplied,
    axis,
    channelAxis,
    reduction,
    allowed,
    limits,
    choices.halves,
    choices.seed,
  ]);
  const last = known.get(key);
  const same = last?.by === by ? last : null;
  const { scales, zeroPoints, dead } = same ?? fittedScales(weight(), layout, channels, reduction, choices, limits);
  // ONNX Runtime makes int32 of a layer's own float bias between pairs, and cuts off what does not fit.
  const fitsBias = biases !== "float" || source.hasOwnBias;
  const quantized =
    source.bias && fitsBias && inputScale !== null && isMultiplied
      ? biases === "int8"
        ? byteBias(source.bias(), scales, allowed)
        : quantizeBias(source.bias(), inputScale, scales, allowed)
      : null;
  const adjusted = quantized?.weightScales ?? scales;
  const bias = biases === "float" ? null : quantized;
  const made = { axis, blocks: null, scales: adjusted, zeroPoints, bias, raised: quantized?.raised.length ?? 0, dead };
  const work = (): WeightCodes => {
    if (type === "float8") {
      const isBalanced = dims.length > 2 && channelAxis !== null;
      return toFloat8(weight(), layout, adjusted, isBalanced ? channelLayout(dims, channelAxis) : null);
    }
    if (rounding !== null) {
      const up = learnedBits(rounding, elementCount(dims), source.name);
      return roundWeights(weight(), layout, adjusted, limits, up);
    }
    if (!reduction || choices.seed !== undefined) {
      return quantizeWeights(weight(), layout, adjusted, limits, zeroPoints, rounderOf(choices.seed, source.name));
    }
    const zeros = zeroPoints && spread(zeroPoints, channels);
    return balancedCodes(weight(), spread(adjusted, channels), limits, reduction, zeros);
  };
  const isKnown = same?.rounding === rounding && areEqual(same.adjusted, adjusted);
  const codes = isKnown ? same.codes : isDeferred ? null : work();
  data = null;
  if (!isKnown) known.set(key, { by, scales, zeroPoints, dead, adjusted, rounding, codes });
  return { ...made, work: () => codes ?? work() };
}

/** Undefined to round to nearest. */
export function rounderOf(seed: number | undefined, tensor: string): Rounder | undefined {
  return seed === undefined ? undefined : stochasticRounder(seed, tensor);
}

function learnedBits(rounding: string, count: number, name: string): Uint8Array {
  const up = unpackBits(rounding, count);
  if (up) return up;
  throw new InputError(
    `The recipe's learned rounding does not fit the weight ${name} of ${count} values; set "rounding" to null in the recipe to learn it again.`,
  );
}

function fittedScales(
  weight: Float32Array,
  layout: ChannelLayout,
  channels: number,
  reduction: Reduction | null,
  { type, scales: allowed, halves }: Pick<WeightChoices, "type" | "scales" | "halves">,
  limits: CodeLimits,
): Pick<Known, "scales" | "zeroPoints" | "dead"> {
  if (isAsymmetric(type)) return asymmetricScales(weight, layout, type);
  const { scales: least, dead } = weightScales(weight, layout, type, allowed, limits);
  const scales = reduction ? fitting(least, channels, (each) => saturationFreeScales(weight, each, reduction)) : least;
  const chosen = scales.map((scale) => allowedScale(scale, allowed));
  if (!halves) return { scales: chosen, zeroPoints: null, dead };
  return {
    scales: chosen.map((scale, at) => (dead.includes(at) ? LEAST_HALF : halfAbove(scale))),
    zeroPoints: null,
    dead,
  };
}

function areEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

/** Scales after `raise`, which takes one a channel; a scale for the whole tensor becomes the largest that it gives. */
function fitting(scales: Float32Array, channels: number, raise: (scales: Float32Array) => Float32Array): Float32Array {
  const raised = raise(spread(scales, channels));
  return scales.length === channels ? raised : Float32Array.of(raised.reduce((a, b) => Math.max(a, b)));
}

/** One a channel of what there may be one of for all. */
function spread<T extends Float32Array | WeightCodes>(values: T, channels: number): T {
  if (values.length === channels) return values;
  return new (values.constructor as new (length: number) => T)(channels).fill(values[0] as number) as T;
}
