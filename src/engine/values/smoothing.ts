/** No channel is divided or multiplied by more. */
const LARGEST_FACTOR = 1e4;

/**
 * What channels are divided by whose inputs reach as far as `inputs`, and the weights that read them as far as `weights`:
 * s = inputs^alpha / weights^(1 - alpha) (Xiao et al., *SmoothQuant*, ICML 2023, equation 4), then 1 in the geometric mean, which changes nothing
 * of a tensor with one scale. Channels without inputs or weights keep 1. `alpha` is 0 to 1.
 */
export function smoothingScales(inputs: Float64Array, weights: Float64Array, alpha: number): Float64Array {
  const ratios = inputs.map((a, c) => {
    const w = weights[c] as number;
    if (!(a > 0 && w > 0)) return 0;
    // A square root is the same in every engine.
    return alpha === 0.5 ? Math.sqrt(a / w) : a ** alpha / w ** (1 - alpha);
  });
  const known = [...ratios].filter((ratio) => ratio > 0);
  const mean = Math.exp(known.reduce((sum, ratio) => sum + Math.log(ratio), 0) / known.length);
  return ratios.map((ratio) => (ratio > 0 ? Math.min(Math.max(ratio / mean, 1 / LARGEST_FACTOR), LARGEST_FACTOR) : 1));
}
