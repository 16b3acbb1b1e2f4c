import { about, also, count, custom, fields, flag, integer, list, map, number, type Of } from "../schema/define.ts";

/** Counts of one octave: the float32 values of one sign and one biased exponent; 0 holds the subnormals and no zeros. */
export const OCTAVE = {
  negative: flag,
  exponent: integer(0, 254),
  bits: about("The values are counted in 2^bits bins by their top mantissa bits.", integer(0, 12)),
};

/** Counts of values of a tensor, exact. */
export const TOTALS = {
  finite: about("zeros and the counts of all octaves.", count),
  zeros: count,
  nan: count,
  positiveInfinity: count,
  negativeInfinity: count,
};

/** In memory a list of numbers is only known to be one: looking at millions of them would take longer than what reads them. */
const NUMBERS = custom<readonly number[]>(Array.isArray, "a list");

/**
 * What was seen of one tensor. Every figure is an integer count or an exact extreme, so the statistics of two
 * disjoint sets of samples merge into exactly those of their union, in any order.
 * `min` and `max` range over finite values; with `finite` = 0 they are +Infinity and -Infinity.
 */
const TENSOR_STATISTICS = fields({
  ...TOTALS,
  min: number,
  max: number,
  /** Non-empty octaves, negative ones first, each sign by rising exponent. Zeros are not in them. */
  octaves: list(
    also(
      fields({
        ...OCTAVE,
        /** 2^bits entries; entry k counts the values whose top `bits` mantissa bits are k. */
        counts: custom<Float64Array>((value) => value instanceof Float64Array, "a Float64Array"),
      }),
      ({ bits, counts }, fail) => {
        if (counts.length !== 2 ** bits) fail(`counts of ${2 ** bits} bins`, "counts");
      },
    ),
  ),
  /** Finite extremes of each sample, by sample index; ascending, 8 bytes a sample. */
  samples: also(fields({ index: NUMBERS, min: NUMBERS, max: NUMBERS }), ({ index, min, max }, fail) => {
    if (min.length !== index.length) fail(`a list of ${index.length} numbers`, "min");
    if (max.length !== index.length) fail(`a list of ${index.length} numbers`, "max");
  }),
});
export type TensorStatistics = Of<typeof TENSOR_STATISTICS>;
export type Octave = TensorStatistics["octaves"][number];

/** Statistics by tensor name. */
export const STATISTICS = map(TENSOR_STATISTICS);
export type Statistics = Of<typeof STATISTICS>;
