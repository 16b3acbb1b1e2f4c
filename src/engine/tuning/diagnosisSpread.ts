import { decodedWeight } from "../encode/decoded.ts";
import { encodeWeight } from "../encode/weight.ts";
import { normPairs } from "../graph/normPairs.ts";
import { smoothedWeightLoss, smoothingOf } from "../graph/smoothing.ts";
import { schemeOf } from "../model/range.ts";
import { affineParameters } from "../numerics/affine.ts";
import { signalToNoise } from "../numerics/decibels.ts";
import { clipFigures } from "../numerics/figures.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { normalizedChannels } from "../plan/normalizedChannels.ts";
import { weightSource } from "../plan/weightSource.ts";
import { elementCount } from "../values/dims.ts";
import { significant } from "../values/figures.ts";
import { decibel } from "../values/units.ts";
import type { ActivationSubject, Symptom } from "./diagnosisActivations.ts";
import { LARGEST_LOSS, OUTLIER_REACH, SPREAD_GAIN, SPREAD_SQNR } from "./diagnosisThresholds.ts";
import type { WeightSubject } from "./diagnosisWeights.ts";

/**
 * What the batches of a MatMul's constant lose to scales that they share, measured on the codes that are exported; null
 * where they lose little, or nothing.
 */
export function batchSpread({ layer, use, index, choices, inputScale }: WeightSubject): Symptom | null {
  const { data, dims } = tensorOf(index.initializer(use.name) as TensorProto);
  if (layer.node.opType !== "MatMul" || dims.length < 3) return null;
  const encoded = encodeWeight(weightSource(layer, use, index), choices, inputScale);
  const rounded = decodedWeight(encoded);
  const size = elementCount(dims.slice(-2));
  const batches = Array.from({ length: data.length / size }, () => ({ reach: 0, signal: 0, noise: 0 }));
  for (let i = 0; i < data.length; i++) {
    const value = (data as Float32Array)[i] as number;
    const batch = batches[Math.floor(i / size)]!;
    batch.reach = Math.max(batch.reach, Math.abs(value));
    batch.signal += value * value;
    batch.noise += (value - (rounded[i] as number)) ** 2;
  }
  const live = batches.filter(({ signal }) => signal > 0).sort((a, b) => a.reach - b.reach);
  const balanced = balance(live);
  const whole = signalToNoise(sumOf(live, "signal"), sumOf(live, "noise"));
  if (!(balanced < SPREAD_SQNR && whole - balanced >= SPREAD_GAIN)) return null;
  const [smallest, largest] = [live[0]!.reach, live.at(-1)!.reach];
  return {
    cause: "batch-spread",
    sentence: `The matrices of this weight differ ${significant(largest / smallest)}x, but share their scales.`,
    figure: `${live.length} matrices of ${significant(smallest)} to ${significant(largest)}, SQNR ${decibel(whole)} as a whole, mean ${decibel(balanced)}`,
    loss: Math.min(SPREAD_SQNR - balanced, LARGEST_LOSS),
    remedy: {
      edit: { kind: "float", layer: layer.id },
      sentence: "Leave the layer in float: its weight is then not rounded.",
    },
  };
}

export interface ChannelSubject extends Pick<ActivationSubject, "group" | "statistics" | "recipe" | "chosen"> {
  readonly index: GraphIndex;
  /** The only layer that reads the tensor, if leaving it in float leaves the tensor unquantized; asked only when needed. */
  readonly floatReader: () => string | null;
}

/**
 * What the channels of a normalized activation lose to the one scale that they share, estimated from what its
 * normalization and the constants after it make of each; null where they lose little, or it is not normalized.
 */
export function outlierChannels(subject: ChannelSubject): Symptom | null {
  const { group, statistics, recipe, chosen, index, floatReader } = subject;
  const gains = normalizedChannels(group.id, index);
  if (!gains || statistics.finite === 0) return null;
  const scheme = schemeOf(group, recipe.activations);
  const { sqnr, range } = clipFigures(statistics, scheme, chosen.range);
  const rounding = affineParameters(range, scheme).scale ** 2 / 12;
  const live = [...gains].filter((gain) => gain > 0).sort((a, b) => a - b);
  const balanced = balance(live.map((gain) => ({ signal: gain ** 2, noise: Math.min(rounding, gain ** 2) })));
  const [median = 0, largest = 0] = [live[live.length >> 1], live.at(-1)];
  if (!(balanced < SPREAD_SQNR && sqnr - balanced >= SPREAD_GAIN && largest >= OUTLIER_REACH * median)) return null;
  return {
    cause: "outlier-channels",
    sentence: `A few channels reach ${significant(largest / median)}x as far as most, but all share one scale.`,
    figure: `channels of deviation ${significant(median)} in the middle, the largest ${significant(largest)}, SQNR ${decibel(sqnr)} as a whole, mean ${decibel(balanced)} (estimated)`,
    loss: Math.min(SPREAD_SQNR - balanced, LARGEST_LOSS),
    remedy: smoothingRemedy(subject, gains, rounding) ?? floatRemedy(floatReader()),
  };
}

function floatRemedy(reader: string | null): Symptom["remedy"] {
  if (reader === null) return null;
  return {
    edit: { kind: "float", layer: reader },
    sentence: `Leave ${reader} in float, which reads it: the channels are then not rounded.`,
  };
}

/** Equalization, where it divides these channels and tensor and weights together gain by it. */
function smoothingRemedy(
  { group, recipe, index }: ChannelSubject,
  gains: Float64Array,
  rounding: number,
): Symptom["remedy"] {
  if (recipe.corrections.equalization) return null;
  const link = normPairs(index).find(({ tensor }) => tensor === group.id);
  const divide = link && link.channels === gains.length ? smoothingOf(link, gains, index) : null;
  if (!link || !divide) return null;
  const perColumn = recipe.weights.granularity === "channel";
  const largest = gains.reduce((most, gain) => Math.max(most, gain), 0);
  const left = (by: Float64Array): number => {
    const smoothed = gains.map((gain, channel) => gain / (by[channel] as number));
    const noise = rounding * (smoothed.reduce((most, gain) => Math.max(most, gain), 0) / largest) ** 2;
    const live = [...smoothed].filter((gain) => gain > 0);
    const lost = live.reduce((sum, gain) => sum + Math.min(1, noise / gain ** 2), 0) / live.length;
    return signalToNoise(1, lost + smoothedWeightLoss(link, by, perColumn, index));
  };
  const gain = left(divide) - left(gains.map(() => 1));
  if (!(gain >= SPREAD_GAIN)) return null;
  return {
    edit: { kind: "equalization" },
    sentence: `Equalize channels: divide them where they are scaled, and multiply the weights that read them: +${decibel(gain)} here (estimated).`,
  };
}

/** SQNR when every part counts the same: of the mean over parts of noise / signal. */
function balance(parts: readonly { readonly signal: number; readonly noise: number }[]): number {
  return signalToNoise(
    parts.length,
    parts.reduce((sum, { signal, noise }) => sum + noise / signal, 0),
  );
}

function sumOf(
  parts: readonly { readonly signal: number; readonly noise: number }[],
  part: "signal" | "noise",
): number {
  return parts.reduce((sum, each) => sum + each[part], 0);
}
