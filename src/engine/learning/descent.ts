/** The quadratic form of one output channel, and where its rounding stands. */
export interface ChannelState {
  /** 1 where a weight is rounded up; changed in place. */
  readonly up: Uint8Array;
  /** What rounding each weight up adds to it. */
  readonly step: Float32Array;
  /** Half the derivative of the channel's squared error by each weight; kept up to date. */
  readonly slope: Float64Array;
  /** Row-major [inputs, inputs], symmetric. */
  readonly gram: Float32Array;
}

/** Improvements below this share of a weight's own error are noise of float32 sums. */
const LEAST_GAIN = 1e-6;

/**
 * Turns over one weight of a channel after the other, always the one that lowers the squared error most, until none
 * does: turning weight i by d changes the error by d^2 H_ii + 2 d slope_i.
 */
export function descend({ up, step, slope, gram }: ChannelState): void {
  const { length } = up;
  const turn = (i: number) => (up[i] ? -step[i]! : step[i]!);
  for (let turns = 0; turns < length * 4; turns++) {
    let best = -1;
    let least = 0;
    for (let i = 0; i < length; i++) {
      const change = turn(i);
      const own = change * change * gram[i * length + i]!;
      const gain = own + 2 * change * slope[i]!;
      if (gain < least && gain < -LEAST_GAIN * own) {
        least = gain;
        best = i;
      }
    }
    if (best === -1) return;
    const change = turn(best);
    up[best] = 1 - up[best]!;
    for (let j = 0, at = best * length; j < length; j++, at++) slope[j] = slope[j]! + change * gram[at]!;
  }
}
