import { channelScales, decodedWeight } from "../encode/decoded.ts";
import { encodeWeight, type WeightChoices } from "../encode/weight.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import { channelLayout } from "../numerics/channels.ts";
import { signalToNoise } from "../numerics/decibels.ts";
import { weightFigures } from "../numerics/weightFigures.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import type { LayerPlan } from "../plan/plan.ts";
import { weightSource } from "../plan/weightSource.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { plural, significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { decibel } from "../values/units.ts";
import type { Symptom } from "./diagnosisActivations.ts";
import { BIAS_LOSS, DEAD_CHANNEL, DEAD_SHARE, LARGEST_LOSS, SPREAD_GAIN, SPREAD_SQNR } from "./diagnosisThresholds.ts";

export interface WeightSubject {
  readonly layer: LayerPlan;
  readonly use: WeightUse;
  readonly index: GraphIndex;
  readonly choices: WeightChoices;
  /** The scale of what the layer reads, which its bias depends on; null where it is not known. */
  readonly inputScale: number | null;
}

/**
 * What is wrong with a layer's weight, measured on the codes that are exported. Losses are dB of SQNR in which every
 * live channel counts the same: what the weight would gain with the remedy.
 */
export function weightSymptoms(subject: WeightSubject): {
  readonly symptoms: readonly Symptom[];
  /** With every live channel counting the same, dB; null where none is live. */
  readonly sqnr: number | null;
} {
  const weight = examine(subject, subject.choices, subject.inputScale);
  const found = [deadChannels(weight), channelSpread(subject, weight), biasOverflow(subject, weight)];
  return {
    symptoms: found.filter((symptom) => symptom !== null),
    sqnr: Number.isNaN(weight.balanced) ? null : weight.balanced,
  };
}

interface Examined {
  readonly channels: number;
  /** Of the channels that are not dead: the largest magnitudes, and the SQNR with each counting the same. */
  readonly ranges: readonly number[];
  readonly worst: number;
  readonly balanced: number;
  /** Live channels whose scale the bias raised; all of them where one scale serves all. */
  readonly raised: number;
}

function examine({ layer, use, index }: WeightSubject, choices: WeightChoices, scale: number | null): Examined {
  const { data, dims } = tensorOf(index.initializer(use.name) as TensorProto);
  const encoded = encodeWeight(weightSource(layer, use, index), choices, scale);
  const { bias, axis } = encoded;
  const layout = channelLayout(dims, use.axis);
  const { channels } = weightFigures(
    data as Float32Array,
    decodedWeight(encoded),
    layout,
    channelScales(encoded, use.axis),
  );
  const ranges = channels.map(({ min, max }) => Math.max(-min, max));
  const least = DEAD_CHANNEL * ranges.reduce((a, b) => Math.max(a, b), 0);
  const isLive = (channel: number) => (ranges[channel] as number) > least;
  const live = channels.filter((_, channel) => isLive(channel));
  const raised = bias?.raised ?? [];
  return {
    channels: channels.length,
    ranges: ranges.filter((_, channel) => isLive(channel)).sort((a, b) => a - b),
    worst: live.reduce((worst, { sqnr }) => Math.min(worst, sqnr), Infinity),
    balanced: balancedSqnr(live),
    raised: axis === null ? (raised.length > 0 ? live.length : 0) : raised.filter(isLive).length,
  };
}

/**
 * SQNR when every channel counts the same: of the mean over channels of error / signal. What follows a layer is
 * trained to its channels whatever their size, so that a small one may matter as much as a large one.
 */
function balancedSqnr(channels: WeightAnalysis["channels"]): number {
  const noise = channels.reduce((sum, { sqnr }) => sum + 10 ** (-sqnr / 10), 0);
  return signalToNoise(channels.length, noise);
}

function deadChannels({ channels, ranges }: Examined): Symptom | null {
  const dead = channels - ranges.length;
  if (dead === 0 || dead < DEAD_SHARE * channels) return null;
  return {
    cause: "dead",
    sentence:
      dead === channels
        ? "All weights are zero: this layer gives its bias whatever it reads."
        : "Some channels have no weights to speak of: they give their bias whatever they read.",
    figure: `${dead} of ${plural(channels, "channel")} below ${significant(DEAD_CHANNEL)} of the largest weight`,
    loss: 0,
    remedy: null,
  };
}

function channelSpread(subject: WeightSubject, weight: Examined): Symptom | null {
  if (subject.choices.granularity === "channel" || subject.use.axis === null || !(weight.balanced < SPREAD_SQNR))
    return null;
  const { balanced } = examine(subject, { ...subject.choices, granularity: "channel" }, subject.inputScale);
  const gain = balanced - weight.balanced;
  if (!(gain >= SPREAD_GAIN)) return null;
  const smallest = weight.ranges[0] as number;
  const largest = weight.ranges.at(-1) as number;
  return {
    cause: "channel-spread",
    sentence: `Channel ranges differ ${significant(largest / smallest)}x, but share one scale.`,
    figure: `channels ${significant(smallest)} to ${significant(largest)}, SQNR ${decibel(weight.worst)} at worst, mean ${decibel(weight.balanced)}`,
    loss: Math.min(gain, LARGEST_LOSS),
    remedy: {
      edit: { kind: "granularity", granularity: "channel" },
      sentence: `Give all weights a scale per channel: +${decibel(gain)} here. Where the target takes one a tensor, equalize channels.`,
    },
  };
}

function biasOverflow(subject: WeightSubject, weight: Examined): Symptom | null {
  if (weight.raised === 0) return null;
  const loss = examine(subject, subject.choices, null).balanced - weight.balanced;
  if (!(loss >= BIAS_LOSS)) return null;
  return {
    cause: "bias-overflow",
    sentence: "The bias needs a coarser scale to fit 32 bits, which is too coarse for the weights.",
    figure: `${percent(weight.raised / weight.channels)} of the channels raised, SQNR of the weight ${decibel(weight.balanced)} instead of ${decibel(weight.balanced + loss)}`,
    loss: Math.min(loss, LARGEST_LOSS),
    remedy: {
      edit: { kind: "float", layer: subject.layer.id },
      sentence: "Leave the layer in float: neither weight nor bias is then rounded.",
    },
  };
}
