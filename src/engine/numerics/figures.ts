import type { TensorAnalysis } from "../model/analysis.ts";
import type { ActivationScheme, ClipFigures, Range } from "../model/range.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { affineParameters, clipRange } from "./affine.ts";
import { signalToNoise } from "./decibels.ts";
import { type Density, densityOf, numberUpTo } from "./density.ts";
import { quantizationSums, quantizerOf } from "./quantizationError.ts";

/**
 * What a clip range does to a tensor, estimated from its statistics. `range` comes back as it has to be covered: with
 * zero, and mirrored when symmetric; where scales are powers of two, as all that the codes reach. Errors are those of the codes that QuantizeLinear gives. With no finite
 * value, nothing is clipped, mse is 0 and sqnr NaN. Throws RangeError for a range that affineParameters refuses.
 */
export function clipFigures(statistics: TensorStatistics, scheme: ActivationScheme, range: Range): ClipFigures {
  return figuresOf(densityOf(statistics), scheme, range);
}

/**
 * Expected MSE as `base` shrinks towards zero in `steps` equal steps; the last point is `base` itself, the first keeps
 * 1 / steps of it.
 */
export function errorCurve(
  statistics: TensorStatistics,
  scheme: ActivationScheme,
  base: Range,
  steps: number,
): TensorAnalysis["curve"] {
  const density = densityOf(statistics);
  return Array.from({ length: steps }, (_, step) => {
    const share = (step + 1) / steps;
    const { range, mse } = figuresOf(density, scheme, { low: base.low * share, high: base.high * share });
    return { share, range, mse };
  });
}

function figuresOf(density: Density, scheme: ActivationScheme, range: Range): ClipFigures {
  const { scale, zeroPoint } = affineParameters(range, scheme);
  const covered = clipRange(range, scheme);
  const { energy, squaredError } = quantizationSums(density, quantizerOf(scheme.type, { scale, zeroPoint }));
  const sqnr = signalToNoise(energy, squaredError);
  return {
    scale,
    zeroPoint,
    range: covered,
    clipped: density.finite === 0 ? 0 : numberOutside(density, covered) / density.finite,
    mse: density.finite === 0 ? 0 : squaredError / density.finite,
    sqnr,
    effectiveBits: (sqnr - 1.76) / 6.02,
  };
}

/** Finite values below `low` or above `high`, a range that holds zero. */
function numberOutside({ negative, positive }: Density, { low, high }: Range): number {
  const belowLow = (negative.number[negative.size] as number) - numberUpTo(negative, -low);
  const aboveHigh = (positive.number[positive.size] as number) - numberUpTo(positive, high);
  return belowLow + aboveHigh;
}
