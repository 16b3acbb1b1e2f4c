import type { Recipe } from "../model/recipe.ts";
import { balanceRounding } from "../numerics/balance.ts";
import { type QuantizedBias, quantizeBias } from "../numerics/bias.ts";
import { channelLayout } from "../numerics/channels.ts";
import { saturationFreeScales } from "../numerics/saturation.ts";
import { quantizeWeights, weightScales } from "../numerics/weights.ts";
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

/**
 * A layer's weight in symmetric int8 and, where the input's scale is given, its bias in int32. Where the bias would
 * overflow, the weight's scale is raised first. Weights with a scale per channel are kept from saturating 16-bit sums
 * and rounded so that a channel's errors cancel; with one scale for the tensor they are rounded to nearest.
 */
export function quantizeWeight(
  node: NodeProto,
  use: WeightUse,
  index: GraphIndex,
  granularity: Recipe["weights"]["granularity"],
  inputScale: number | null,
): QuantizedWeight {
  const weight = floats(index, use.name);
  const dims = dimsOf(index.initializer(use.name) as TensorProto);
  const axis = granularity === "channel" ? use.axis : null;
  const layout = channelLayout(dims, axis);
  const { scales: least, dead } = weightScales(weight, layout);
  const reduction = axis === null ? null : reductionOf(node, dims);
  const scales = reduction ? saturationFreeScales(weight, least, reduction) : least;
  const bias = use.bias && inputScale !== null ? quantizeBias(floats(index, use.bias), inputScale, scales) : null;
  const adjusted = bias?.weightScales ?? scales;
  const nearest = quantizeWeights(weight, layout, adjusted);
  const codes = reduction ? balanceRounding(weight, nearest, adjusted, reduction) : nearest;
  return { dims, axis, scales: adjusted, codes, bias, dead };
}

function floats(index: GraphIndex, name: string): Float32Array {
  return tensorOf(index.initializer(name) as TensorProto).data as Float32Array;
}
