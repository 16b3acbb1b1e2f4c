import type { Affine } from "../model/range.ts";
import { FLOAT8_VALUES } from "../values/byteFloats.ts";
import { type ActivationType, codeLimits } from "../values/codes.ts";
import { binAboveNear, type Density, type Side } from "./density.ts";

/** A quantizer around zero: it represents k * scale for the integers k from -below to above, or levels[k] * scale of either sign. */
export interface Quantizer {
  readonly scale: number;
  readonly below: number;
  readonly above: number;
  /** Ascending from 0; absent where they are whole numbers. */
  readonly levels?: Float64Array;
}

/** What the codes of a type represent. */
export function quantizerOf(type: ActivationType, { scale, zeroPoint }: Affine): Quantizer {
  if (type === "float8") {
    const most = FLOAT8_VALUES.length - 1;
    return { scale, below: most, above: most, levels: FLOAT8_VALUES };
  }
  const [lowest, highest] = codeLimits(type);
  return { scale, below: zeroPoint - lowest, above: highest - zeroPoint };
}

/** Expected sums over all finite values x and their quantized values r. */
export interface QuantizationSums {
  /** Sum of x * x. */
  readonly energy: number;
  /** Sum of x * r. */
  readonly product: number;
  /** Sum of r * r. */
  readonly quantizedEnergy: number;
  /** Sum of (x - r)^2. */
  readonly squaredError: number;
}

/**
 * What quantizing a distribution does, rounding and clipping included. Values of one code are those between two
 * decision points (k - 1/2) * scale, or in the middle of their levels, so that with N(b) and S(b) the number and sum of the magnitudes above b,
 * sum x r = scale * sum over k of S((k - 1/2) scale) and sum r r = scale^2 * sum over k of (2k - 1) N((k - 1/2) scale).
 * Exact but for the spread within the bins that decision points cut.
 */
export function quantizationSums(density: Density, quantizer: Quantizer): QuantizationSums {
  const { scale, below, above, levels } = quantizer;
  let energy = 0;
  let product = 0;
  let quantizedEnergy = 0;
  const add = (side: Side, codes: number) => {
    const { size, lower, upper, count, number, sum } = side;
    const allNumber = number[size] as number;
    const allSum = sum[size] as number;
    let sums = 0;
    let weighted = 0;
    let bin = 0;
    let stride = 0;
    for (let k = 1; k <= codes; k++) {
      const level = levels ? (levels[k] as number) : k;
      const last = levels ? (levels[k - 1] as number) : k - 1;
      const decision = ((level + last) / 2) * scale;
      const next = binAboveNear(side, decision, bin, bin + stride);
      stride = next - bin;
      bin = next;
      if (bin === size) break;
      let numberBefore = number[bin] as number;
      let sumBefore = sum[bin] as number;
      const a = lower[bin] as number;
      if (decision > a) {
        const part = ((count[bin] as number) * (decision - a)) / ((upper[bin] as number) - a);
        numberBefore += part;
        sumBefore += (part * (decision + a)) / 2;
      }
      sums += (level - last) * (allSum - sumBefore);
      weighted += (level * level - last * last) * (allNumber - numberBefore);
    }
    energy += side.squares[size] as number;
    product += scale * sums;
    quantizedEnergy += scale * scale * weighted;
  };
  add(density.negative, below);
  add(density.positive, above);
  return {
    energy,
    product,
    quantizedEnergy,
    squaredError: Math.max(0, energy - 2 * product + quantizedEnergy),
  };
}
