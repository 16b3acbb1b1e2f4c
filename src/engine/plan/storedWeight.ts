import { encodeHalves } from "../encode/halves.ts";
import { type EncodedWeight, encodeWeight, type WeightSource } from "../encode/weight.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Reduction } from "../numerics/reduction.ts";
import { dimsOf, passingFloats } from "../onnx/tensor.ts";
import { STORED_BLOCK } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { HALF } from "../values/halfFloats.ts";
import type { StoredWeight } from "./stored.ts";

type Scaling = Pick<Recipe["weights"], "granularity" | "scales">;

/**
 * A weight that is kept in int8, with a scale for each place along the axes, or one in all; or in int4, with a scale for each block
 * along the axis of inputs where it has one, such as float16 holds where that is fine enough. Where there are two axes, which are
 * the first two, they are one axis in what is given; where a kernel multiplies it, no sum of two products saturates. Throws where the weight is kept in float16, which has no codes.
 */
export function storedWeight(stored: StoredWeight, { granularity, scales }: Scaling): EncodedWeight {
  const { type } = stored;
  if (type === "float16") throw new Error(`${stored.name} is kept in float16, without codes.`);
  const source = sourceOf(stored);
  const isBlocked = type === "int4" && source.blockAxis !== null;
  const fixed = {
    isMultiplied: stored.isMultiplied,
    addsInPairs: stored.isMultiplied,
    halvesOthers: false,
    biases: "float",
    rounding: null,
  } as const;
  const own = type === "int4" ? { halves: true, ...(isBlocked && { block: STORED_BLOCK }) } : {};
  return encodeWeight(source, { ...fixed, ...own, type, granularity, scales }, null);
}

/** The bits of one that is kept in float16. */
export function storedHalves(stored: StoredWeight): Uint16Array {
  return encodeHalves(sourceOf(stored), HALF);
}

function sourceOf({ tensor, axes, blockAxis, isMultiplied, reduction = null }: StoredWeight): WeightSource {
  const dims = dimsOf(tensor);
  const [first = 1, second = 1, ...rest] = dims;
  const isJoined = axes.length === 2;
  const length = elementCount(rest);
  const rows: Reduction = {
    length,
    inner: length,
    channelStride: length,
    innerStride: 1,
    outerStride: 0,
    paired: true,
  };
  return {
    key: isJoined ? {} : tensor,
    name: tensor.name,
    dims: isJoined ? [first * second, ...rest] : dims,
    channelAxis: axes[0] ?? null,
    hasChannelScales: true,
    reduction: isMultiplied ? rows : reduction && { ...reduction, paired: false },
    blockAxis: blockAxis !== null && isJoined ? blockAxis - 1 : blockAxis,
    importance: null,
    isDeferred: false,
    read: null,
    values: () => passingFloats(tensor),
    bias: null,
    hasOwnBias: false,
  };
}
