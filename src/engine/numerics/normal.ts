import { clamp } from "../values/clamp.ts";

/** The error function, to 1.5e-7: Abramowitz and Stegun, *Handbook of Mathematical Functions*, 7.1.26. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

function cumulative(x: number): number {
  return (1 + erf(x / Math.SQRT2)) / 2;
}

function density(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * The mean of a normal variable after it is clamped to [low, high], either of which may be infinite (Nagel et al., *Data-Free
 * Quantization Through Weight Equalization and Bias Correction*, ICCV 2019, appendix C).
 */
export function clampedNormalMean(mean: number, deviation: number, low: number, high: number): number {
  if (deviation === 0) return clamp(mean, low, high);
  const [a, b] = [(low - mean) / deviation, (high - mean) / deviation];
  const below = low === -Infinity ? 0 : low * cumulative(a);
  const above = high === Infinity ? 0 : high * (1 - cumulative(b));
  return below + above + mean * (cumulative(b) - cumulative(a)) + deviation * (density(a) - density(b));
}
