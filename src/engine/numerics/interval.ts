/** The 97.5 % quantile of the standard normal distribution, for a two-sided 95 % interval. */
const Z = 1.959963984540054;

/** Samples by who was right: the paired counts that an accuracy drop comes from. */
export interface PairedOutcomes {
  readonly samples: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

/**
 * The difference of two accuracies on the same samples, first - second as a share, and its 95 % confidence interval by the
 * adjusted Wald method: one sample more in each discordant cell (Bonett and Price, "Adjusted Wald confidence
 * interval for a difference of binomial proportions based on paired data", 2012). With p = (count + 1) / (n + 2) for
 * either discordant count: p1 - p2 +- z sqrt((p1 + p2 - (p1 - p2)^2) / (n + 2)), cut to [-1, 1]. Throws RangeError
 * without samples.
 */
export function pairedDifference({ samples, onlyFirst, onlySecond }: PairedOutcomes): {
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
} {
  if (samples <= 0) throw new RangeError("An accuracy needs at least one sample.");
  const first = (onlyFirst + 1) / (samples + 2);
  const second = (onlySecond + 1) / (samples + 2);
  const centre = first - second;
  const reach = Z * Math.sqrt((first + second - centre * centre) / (samples + 2));
  return {
    difference: (onlyFirst - onlySecond) / samples,
    interval: [Math.max(-1, centre - reach), Math.min(1, centre + reach)],
  };
}

/** What rows of different lengths come to: sums of differences d and of lengths n, and of their squares and products. */
export interface RowSums {
  readonly rows: number;
  readonly tokens: number;
  readonly difference: number;
  readonly dd: number;
  readonly dn: number;
  readonly nn: number;
}

/**
 * The 95 % confidence interval of the mean difference of a token, sum d / sum n, rows being drawn and not tokens (the ratio
 * estimator; Cochran, "Sampling Techniques", 1977, section 6.3). Null for fewer than two rows.
 */
export function ratioInterval({ rows, tokens, difference, dd, dn, nn }: RowSums): readonly [number, number] | null {
  if (rows < 2) return null;
  const mean = difference / tokens;
  const squares = Math.max(0, dd - 2 * mean * dn + mean * mean * nn);
  const reach = (Z * Math.sqrt((rows / (rows - 1)) * squares)) / tokens;
  return [mean - reach, mean + reach];
}

/**
 * The value below which a share of `values` lies, 0 <= share <= 1, interpolated linearly between order statistics
 * (Hyndman and Fan's type 7, NumPy's default). Throws RangeError without values.
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("A quantile needs at least one value.");
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

/**
 * The 95 % confidence interval of the median, by order statistics: those of ranks (n -+ z sqrt(n)) / 2, the normal approximation
 * of the sign test (Conover, "Practical Nonparametric Statistics", 1999, section 3.2); of few values all. Throws RangeError
 * without values.
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
  if (values.length === 0) throw new RangeError("A median needs at least one value.");
  const sorted = values.toSorted((a, b) => a - b);
  const below = Math.max(0, Math.floor((values.length - Z * Math.sqrt(values.length)) / 2));
  return [sorted[below] as number, sorted.at(-1 - below) as number];
}
