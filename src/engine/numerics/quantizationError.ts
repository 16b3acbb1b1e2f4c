import { binAbove, type Density, type Side } from "./density.ts";

/** A uniform quantizer around zero: it represents k * scale for the integers k from -below to above. */
export interface UniformQuantizer {
  readonly scale: number;
  readonly below: number;
  readonly above: number;
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
 * decision points (k - 1/2) * scale, so that with N(b) and S(b) the number and sum of the magnitudes above b,
 * sum x r = scale * sum over k of S((k - 1/2) scale) and sum r r = scale^2 * sum over k of (2k - 1) N((k - 1/2) scale).
 * Exact but for the spread within the bins that decision points cut.
 */
export function quantizationSums(density: Density, quantizer: UniformQuantizer): QuantizationSums {
  const { scale, below, above } = quantizer;
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
    for (let k = 1; k <= codes; k++) {
      const decision = (k - 0.5) * scale;
      bin = binAbove(side, decision, bin);
      if (bin === size) break;
      let numberBefore = number[bin] as number;
      let sumBefore = sum[bin] as number;
      const a = lower[bin] as number;
      if (decision > a) {
        const part = ((count[bin] as number) * (decision - a)) / ((upper[bin] as number) - a);
        numberBefore += part;
        sumBefore += (part * (decision + a)) / 2;
      }
      sums += allSum - sumBefore;
      weighted += (2 * k - 1) * (allNumber - numberBefore);
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
