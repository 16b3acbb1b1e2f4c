/** Decibels of a signal of `energy` with errors of `squaredError`: Infinity without error, NaN when both are 0. */
export function signalToNoise(energy: number, squaredError: number): number {
  return 10 * Math.log10(energy / squaredError);
}
