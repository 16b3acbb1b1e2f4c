import type { Tensor, TensorMap } from "../model/tensor.ts";
import { logSumExp } from "../numerics/classScores.ts";

/** Below this a probability counts as this much: an 8-bit Softmax rounds most of its outputs to 0. */
const LEAST_PROBABILITY = 1e-7;
const SUM_TOLERANCE = 1e-2;

/** An output that holds one score for each class: one axis is longer than 1. */
export function isClassScores({ dims }: Tensor): boolean {
  return dims.filter((dim) => dim > 1).length === 1;
}

/** The first output of class scores, by name; null when there is none. */
export function firstScores(outputs: TensorMap): { readonly name: string; readonly scores: Float32Array } | null {
  for (const [name, tensor] of outputs) {
    if (tensor.data instanceof Float32Array && isClassScores(tensor)) return { name, scores: tensor.data };
  }
  return null;
}

/** The class scores of each row of a batch: the first output of so many rows that hold some; null when there is none. */
export function scoreRows(
  outputs: TensorMap,
  rows: number,
): { readonly name: string; readonly rows: readonly Float32Array[] } | null {
  if (rows === 1) {
    const found = firstScores(outputs);
    return found && { name: found.name, rows: [found.scores] };
  }
  for (const [name, tensor] of outputs) {
    const { data, dims } = tensor;
    if (!(data instanceof Float32Array) || dims[0] !== rows || !isClassScores({ ...tensor, dims: dims.slice(1) }))
      continue;
    const length = data.length / rows;
    return { name, rows: Array.from({ length: rows }, (_, at) => data.subarray(at * length, (at + 1) * length)) };
  }
  return null;
}

/** Whether scores are probabilities already: within [0, 1], with a sum of 1. */
export function areProbabilities(scores: Float32Array): boolean {
  let sum = 0;
  for (const score of scores) {
    if (!(score >= 0 && score <= 1 + SUM_TOLERANCE)) return false;
    sum += score;
  }
  return Math.abs(sum - 1) < SUM_TOLERANCE;
}

/** Logits whose softmax is these probabilities, each taken as at least 1e-7 and all scaled to a sum of 1. */
export function logitsOf(probabilities: Float32Array): Float32Array {
  return probabilities.map((probability) => Math.log(Math.max(probability, LEAST_PROBABILITY)));
}

/** The probability, 0..1, that softmax gives the largest of these logits. */
export function confidence(logits: Float32Array): number {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return 1 / sum;
}

/**
 * The natural logarithm of the probability that scores give a class, at least that of 1e-7, so that one sure mistake does
 * not outweigh everything; as little where the scores are not all finite, or have no such class.
 */
export function logProbability(scores: Float32Array, label: number, probabilities: boolean): number {
  const least = Math.log(LEAST_PROBABILITY);
  const own = scores[label];
  if (own === undefined || !scores.every(Number.isFinite)) return least;
  if (probabilities) return Math.log(Math.max(own, LEAST_PROBABILITY));
  return Math.max(own - logSumExp(scores), least);
}
