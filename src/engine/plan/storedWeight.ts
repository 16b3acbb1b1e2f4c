import { type EncodedWeight, encodeWeight } from "../encode/weight.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, passingFloats } from "../onnx/tensor.ts";

/**
 * A weight that is kept in int8, with a scale for each place along the axes, or one in all. Where there are two axes, which are
 * the first two, they are one axis in what is given.
 */
export function storedWeight(
  tensor: TensorProto,
  axes: readonly number[],
  { granularity, scales }: Pick<Recipe["weights"], "granularity" | "scales">,
): EncodedWeight {
  const dims = dimsOf(tensor);
  const [first = 1, second = 1, ...rest] = dims;
  const source = {
    key: {},
    name: tensor.name,
    dims: axes.length === 2 ? [first * second, ...rest] : dims,
    channelAxis: axes[0] ?? null,
    hasChannelScales: true,
    reduction: null,
    blockAxis: null,
    importance: null,
    isDeferred: false,
    values: () => passingFloats(tensor),
    bias: null,
  };
  const fixed = {
    type: "int8",
    isMultiplied: false,
    addsInPairs: false,
    halvesOthers: false,
    biases: "float",
    rounding: null,
  } as const;
  return encodeWeight(source, { ...fixed, granularity, scales }, null);
}
