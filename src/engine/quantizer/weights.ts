import type { Recipe } from "../model/recipe.ts";
import { balanceRounding } from "../numerics/balance.ts";
import { type QuantizedBias, quantizeBias } from "../numerics/bias.ts";
import { type ChannelLayout, channelLayout } from "../numerics/channels.ts";
import type { Reduction } from "../numerics/reduction.ts";
import { saturationFreeScales } from "../numerics/saturation.ts";
import { quantizeWeights, weightScales } from "../numerics/weights.ts";
import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";
import { reductionOf } from "./reduction.ts";
import type { WeightUse } from "./weightUse.ts";

export interface QuantizedWeight {
  readonly dims: readonly number[];
  /** The axis the scales run along; null for one scale. */
  readonly axis: number | null;
  readonly scales: Float32Array;
  readonly codes: Int8Array;
  readonly bias: QuantizedBias | null;
  /** Channels that are all zero or vanishing, and those whose scale the bias raised. */
  readonly dead: readonly number[];
}

/** What a weight came to last, and from what. A tensor's values never change, so the same inputs give the same codes. */
interface Known {
  /** All that its scales follow from, beside its values. */
  readonly by: string;
  readonly scales: Float32Array;
  readonly dead: readonly number[];
  /** The scales after the bias, and the codes that follow from them. */
  readonly adjusted: Float32Array;
  readonly codes: Int8Array;
}

/** One entry a weight, for as long as its model is there: a quarter of the float weight at most. */
const known = new WeakMap<TensorProto, Known>();

/**
 * A layer's weight in symmetric int8 and, where the input's scale is given, its bias in int32. Where the bias would
 * overflow, the weight's scale is raised first. Scales are kept from saturating 16-bit sums, and weights are rounded so that
 * an output channel's errors cancel. Codes that were worked out the last time are given again, so the result is not to
 * be changed.
 */
export function quantizeWeight(
  node: NodeProto,
  use: WeightUse,
  index: GraphIndex,
  granularity: Recipe["weights"]["granularity"],
  inputScale: number | null,
): QuantizedWeight {
  const proto = index.initializer(use.name) as TensorProto;
  const weight = tensorOf(proto).data as Float32Array;
  const dims = dimsOf(proto);
  const axis = granularity === "channel" ? use.axis : null;
  const layout = channelLayout(dims, axis);
  const channels = use.axis === null ? 1 : (dims[use.axis] as number);
  const reduction = use.axis === null ? null : reductionOf(node, dims);
  const by = JSON.stringify([axis, use.axis, node.opType, intOf(node, "group"), intOf(node, "transB")]);
  const last = known.get(proto);
  const same = last?.by === by ? last : null;
  const { scales, dead } = same ?? fittedScales(weight, layout, channels, reduction);
  const bias = use.bias && inputScale !== null ? quantizeBias(floats(index, use.bias), inputScale, scales) : null;
  const adjusted = bias?.weightScales ?? scales;
  if (same && areEqual(same.adjusted, adjusted)) return { dims, axis, scales: adjusted, codes: same.codes, bias, dead };
  const nearest = quantizeWeights(weight, layout, adjusted);
  const codes = reduction ? balanceRounding(weight, nearest, spread(adjusted, channels), reduction) : nearest;
  known.set(proto, { by, scales, dead, adjusted, codes });
  return { dims, axis, scales: adjusted, codes, bias, dead };
}

function fittedScales(weight: Float32Array, layout: ChannelLayout, channels: number, reduction: Reduction | null) {
  const { scales: least, dead } = weightScales(weight, layout);
  const scales = reduction ? fitting(least, channels, (each) => saturationFreeScales(weight, each, reduction)) : least;
  return { scales, dead };
}

function areEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

/** Scales after `raise`, which takes one a channel; a scale for the whole tensor becomes the largest that it gives. */
function fitting(scales: Float32Array, channels: number, raise: (scales: Float32Array) => Float32Array): Float32Array {
  const raised = raise(spread(scales, channels));
  return scales.length === channels ? raised : Float32Array.of(raised.reduce((a, b) => Math.max(a, b)));
}

function spread(scales: Float32Array, channels: number): Float32Array {
  return scales.length === channels ? scales : new Float32Array(channels).fill(scales[0] as number);
}

function floats(index: GraphIndex, name: string): Float32Array {
  return tensorOf(index.initializer(name) as TensorProto).data as Float32Array;
}
