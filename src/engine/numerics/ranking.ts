/**
 * Spearman's rank correlation of pairs, ties at their mean rank: 1 where both order alike, -1 where one reverses the
 * other, NaN where one does not vary.
 */
export function spearman(pairs: readonly (readonly [number, number])[]): number {
  const [a, b] = [ranksOf(pairs.map(([x]) => x)), ranksOf(pairs.map(([, y]) => y))];
  const mean = (pairs.length - 1) / 2;
  const covariance = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + (value - mean) * ((y[i] as number) - mean), 0);
  return covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
}

function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (const i of order.slice(start, end)) ranks[i] = (start + end - 1) / 2;
    start = end;
  }
  return ranks;
}

/**
 * How far a ranking can be trusted of which two halves of the samples are known: their rank correlation r, stepped up to
 * all samples by the Spearman-Brown formula 2r / (1 + r) (Spearman 1910; Brown 1910). 1 where the halves agree in full.
 */
export function splitHalfReliability(halves: readonly (readonly [number, number])[]): number {
  const agreement = spearman(halves);
  return (2 * agreement) / (1 + agreement);
}
