/** Index of the largest score, the first among equals; NaN is never largest. -1 when there is no number. */
export function argmax(scores: Float32Array): number {
  let best = -1;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (!Number.isNaN(score) && (best < 0 || score > (scores[best] as number))) best = i;
  }
  return best;
}

/** Whether `label` is among the `k` largest scores. Equal scores rank by index, and NaN below every number. */
export function isInTop(scores: Float32Array, label: number, k: number): boolean {
  const own = scores[label];
  if (own === undefined || Number.isNaN(own)) return false;
  let ahead = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (score > own || (score === own && i < label)) ahead++;
  }
  return ahead < k;
}

/**
 * KL(softmax(reference) || softmax(other)) in nats over all scores, by log-sum-exp, so that large scores do not
 * overflow. NaN when a score is not finite. Throws RangeError when the lengths differ.
 */
export function softmaxDivergence(reference: Float32Array, other: Float32Array): number {
  if (reference.length !== other.length) {
    throw new RangeError(`Cannot compare ${reference.length} scores with ${other.length}.`);
  }
  const normaliser = logSumExp(reference);
  const otherNormaliser = logSumExp(other);
  let divergence = 0;
  for (let i = 0; i < reference.length; i++) {
    const logP = (reference[i] as number) - normaliser;
    const logQ = (other[i] as number) - otherNormaliser;
    divergence += Math.exp(logP) * (logP - logQ);
  }
  return divergence < 0 ? 0 : divergence;
}

/** The natural logarithm of the sum of exp(score), without overflow for large scores. */
export function logSumExp(scores: Float32Array): number {
  let largest = -Infinity;
  for (const score of scores) largest = Math.max(largest, score);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  return largest + Math.log(sum);
}
