/** The weights whose products make up one value of an output channel, in the order in which a kernel adds them. */
export interface Reduction {
  readonly length: number;
  /** Where a channel's weight at a position of that order lies in the tensor. */
  offset(channel: number, position: number): number;
  /** Whether a kernel may add products 2k and 2k + 1 in 16 bits: see saturation.ts. */
  readonly paired: boolean;
}
