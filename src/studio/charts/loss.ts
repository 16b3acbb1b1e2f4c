const NONE_DB = -120;

/** A loss, which is a share of a square, in decibels; no less than -120 dB. */
export function decibelsOf(loss: number): number {
  return Math.max(NONE_DB, 10 * Math.log10(loss));
}
