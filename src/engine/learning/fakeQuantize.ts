import {
  add,
  cast,
  clipByValue,
  greaterEqual,
  lessEqual,
  logicalAnd,
  maximum,
  minimum,
  mul,
  round,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import type { ValueGrid } from "../model/finetuning.ts";

/** How far from the middle of a code a weight begins at most, so that a small step may lead to the next. */
const MARGIN = 0.45;

/** What values come to, and what a slope of theirs makes the slope of what they were. */
export interface Rounded {
  readonly value: Tensor;
  back(slopes: Tensor): Tensor;
}

/**
 * Values clipped, and rounded to codes and back. Backwards as if they were clipped alone (straight-through estimator; Bengio et al.,
 * *Estimating or Propagating Gradients Through Stochastic Neurons*, 2013).
 */
export function roundValues(values: Tensor, low: number, high: number, grid: ValueGrid | null): Rounded {
  const ends = grid?.limits.map((limit) => (limit - grid.zeroPoint) * grid.scale);
  const least = Math.max(low, ends?.[0] ?? -Infinity);
  const most = Math.min(high, ends?.[1] ?? Infinity);
  if (least === -Infinity && most === Infinity) return { value: values, back: (slopes) => slopes };
  const clipped = clipByValue(values, least, most);
  return {
    value: grid ? mul(round(mul(clipped, 1 / grid.scale)), grid.scale) : clipped,
    back: (slopes) => mul(slopes, cast(logicalAnd(greaterEqual(values, least), lessEqual(values, most)), "float32")),
  };
}

/**
 * A weight as its codes give it, of codes before rounding, counted from the zero point, [inputs, outputs] and scales [1, outputs]:
 * scale * clip(round(codes)), with the least and the greatest code of each output.
 * Backwards a code moves as if it were not rounded, and the logarithm of a scale by what its weights came to, which is the step size's
 * gradient of LSQ (Esser et al., *Learned Step Size Quantization*, ICLR 2020) of weights that are held in codes.
 */
export function roundWeight(codes: Tensor2D, scales: Tensor2D, [least, most]: readonly [Tensor2D, Tensor2D]) {
  const value = mul(minimum(maximum(round(codes), least), most), scales) as Tensor2D;
  return {
    value,
    back: (slopes: Tensor) => ({ codes: mul(slopes, scales), growth: sum(mul(slopes, value), 0, true) }),
  };
}

/** A weight's codes before rounding: where the float weight lies, within the codes that it begins with. */
export function withinCodes(exact: Tensor, codes: Tensor): Tensor {
  return add(codes, clipByValue(sub(exact, codes), -MARGIN, MARGIN));
}
