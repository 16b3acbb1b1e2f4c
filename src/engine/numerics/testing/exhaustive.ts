import type { ActivationScheme } from "../../model/range.ts";
import { type Measured, measure } from "./measure.ts";

interface Best {
  readonly loss: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The least of each loss when quantizing these very values, over ranges inside min-max: a grid, then for ranges with
 * two ends a finer one around its best.
 */
export function exhaustiveLeast(
  values: Float32Array,
  scheme: ActivationScheme,
  losses: readonly ((measured: Measured) => number)[],
): number[] {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  const best = losses.map((): Best => ({ loss: Infinity, low: 1, high: 1 }));
  const attempt = (lowShare: number, highShare: number) => {
    if (lowShare > 1 || highShare > 1) return;
    const measured = measure(values, scheme, { low: low * lowShare, high: high * highShare });
    losses.forEach((lossOf, i) => {
      const loss = lossOf(measured);
      if (loss < (best[i] as Best).loss) best[i] = { loss, low: lowShare, high: highShare };
    });
  };
  if (scheme.symmetric || low === 0 || high === 0) {
    for (let step = 1; step <= 400; step++) attempt(step / 400, step / 400);
  } else {
    for (let a = 1; a <= 20; a++) for (let b = 1; b <= 20; b++) attempt(a / 20, b / 20);
    for (const centre of [...best]) {
      for (let a = -6; a <= 6; a++) for (let b = -6; b <= 6; b++) attempt(centre.low + a / 200, centre.high + b / 200);
    }
  }
  return best.map(({ loss }) => loss);
}
