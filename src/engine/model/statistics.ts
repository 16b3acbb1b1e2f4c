/**
 * Counts of one octave: the float32 values of one sign and one biased exponent (0..254; 0 holds the subnormals
 * and no zeros). `counts` has 2^bits entries; entry k counts the values whose top `bits` mantissa bits are k.
 */
export interface Octave {
  readonly negative: boolean;
  readonly exponent: number;
  readonly bits: number;
  readonly counts: Float64Array;
}

/**
 * What was seen of one tensor. Every figure is an integer count or an exact extreme, so the statistics of two
 * disjoint sets of samples merge into exactly those of their union, in any order.
 * `min` and `max` range over finite values; with `finite` = 0 they are +Infinity and -Infinity.
 */
export interface TensorStatistics {
  readonly finite: number;
  readonly zeros: number;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
  readonly min: number;
  readonly max: number;
  /** Non-empty octaves, negative ones first, each sign by rising exponent. Zeros are not in them. */
  readonly octaves: readonly Octave[];
  /** Finite extremes of each sample, by sample index; ascending, 8 bytes a sample. */
  readonly samples: {
    readonly index: readonly number[];
    readonly min: readonly number[];
    readonly max: readonly number[];
  };
}

/** Statistics by tensor name. */
export type Statistics = ReadonlyMap<string, TensorStatistics>;
