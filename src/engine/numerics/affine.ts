import type { ActivationScheme, Affine, Range, Scales } from "../model/range.ts";
import { codeLimits } from "../values/codes.ts";
import { roundHalfEven } from "../values/round.ts";

/**
 * The least scale ever given: the product of two such scales, a bias scale, is still a normal float32, and
 * neither a reciprocal nor a ratio of scales overflows.
 */
export const SCALE_FLOOR = 2 ** -63;

export interface AffineParameters extends Affine {
  /** The range was empty or so narrow that the scale is SCALE_FLOOR (1 for [0, 0]): worth a warning. */
  readonly degenerate: boolean;
}

/**
 * The interval that parameters for `range` have to cover: zero included, and mirrored when symmetric.
 * Throws RangeError when a bound is not finite or low > high.
 */
export function coveredRange(range: Range, scheme: ActivationScheme): Range {
  const { low, high } = range;
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new RangeError(`A quantization range must be finite, not [${low}, ${high}].`);
  }
  if (low > high) throw new RangeError(`A quantization range must rise, not fall from ${low} to ${high}.`);
  if (!scheme.symmetric) return { low: Math.min(low, 0), high: Math.max(high, 0) };
  const bound = Math.max(Math.abs(low), Math.abs(high));
  return { low: bound === 0 ? 0 : -bound, high: bound };
}

/**
 * The least power of two that is not below a scale above 0, where scales are powers of two; else the scale itself. A power that
 * float32 does not reach is Infinity, and none is below the least subnormal.
 */
export function allowedScale(scale: number, scales: Scales): number {
  if (scales === undefined || !(scale > 0) || !(scale < Infinity)) return scale;
  const power = 2 ** Math.ceil(Math.log2(scale));
  return power / 2 >= scale ? power / 2 : power < scale ? 2 * power : power;
}

/**
 * Scale and zero point of an activation whose real values lie in `range` (ONNX QuantizeLinear: x is about
 * scale * (q - zeroPoint)), the scale raised to a power of two where the scheme wants that. Symmetric int8 maps the bound to 127, symmetric uint8 to 127.5 codes around 128; 16 bits likewise. The zero
 * point comes from the float64 scale, which is then rounded to float32. Throws RangeError as coveredRange does, and
 * when the scale exceeds float32.
 */
export function affineParameters(range: Range, scheme: ActivationScheme): AffineParameters {
  const { low, high } = coveredRange(range, scheme);
  const [lowest, highest] = codeLimits(scheme.type);
  const steps = scheme.symmetric && lowest < 0 ? 2 * highest : highest - lowest;
  const exact = (high - low) / steps;
  const centre = scheme.symmetric && lowest === 0 ? (highest + 1) / 2 : 0;
  if (exact === 0) return { scale: 1, zeroPoint: centre, degenerate: true };
  const allowed = allowedScale(exact, scheme.scales);
  const scale = Math.fround(allowed);
  if (!Number.isFinite(scale)) throw new RangeError(`The range [${low}, ${high}] is wider than float32 can scale.`);
  const zeroPoint = scheme.symmetric ? centre : roundHalfEven(lowest - low / allowed);
  const degenerate = scale < SCALE_FLOOR;
  return { scale: degenerate ? SCALE_FLOOR : scale, zeroPoint, degenerate };
}

/**
 * What is left whole of an activation that is given `range`: coveredRange, or where scales are powers of two all that the codes
 * reach. Throws RangeError as affineParameters does.
 */
export function clipRange(range: Range, scheme: ActivationScheme): Range {
  return scheme.scales ? codedRange(affineParameters(range, scheme), scheme) : coveredRange(range, scheme);
}

/** The values of the least and the greatest code. */
export function codedRange({ scale, zeroPoint }: Affine, { type }: Pick<ActivationScheme, "type">): Range {
  const [lowest, highest] = codeLimits(type);
  return { low: (lowest - zeroPoint) * scale, high: (highest - zeroPoint) * scale };
}

/** Half a step, and as much more as keeps what lies there by float32 from being cut off: an input of -1 to 1 reaches it where 0 has a code. */
const HALF = 0.5 + 2 ** -12;

/** What rounds to a code without being cut off, of codes `scale` apart from the value of the least to that of the greatest: half a step more. */
export function keptRange({ low, high }: Range, scale: number): Range {
  const half = Math.abs(scale) * HALF;
  return { low: low - half, high: high + half };
}
