import { argmax, softmaxDivergence } from "../numerics/classScores.ts";
import { areProbabilities, logitsOf } from "./scores.ts";

/**
 * Compares an output of two models row by row, along the last axis longer than 1; rows that are not finite in both, and
 * outputs without such an axis, are left out.
 */
export class RowComparison {
  /** Of the first sample with a finite row. */
  #probabilities: boolean | null = null;
  #rows = 0;
  #agreeing = 0;
  #divergence = 0;
  #answer: number | null = null;
  #oneAnswer = true;

  get rows(): number {
    return this.#rows;
  }

  /** Rows whose largest element is the same. */
  get agreeing(): number {
    return this.#agreeing;
  }

  /** Where the largest element of every row of the reference is; null where they differ, or there are none. */
  get onlyAnswer(): number | null {
    return this.#oneAnswer ? this.#answer : null;
  }

  /** The sum of KL(softmax(reference) || softmax(other)), nats; of the rows themselves where they are probabilities. */
  get divergence(): number {
    return this.#divergence;
  }

  add(dims: readonly number[], reference: Float32Array, other: Float32Array): void {
    const rows = finiteRows(dims, reference, other);
    if (rows.length === 0) return;
    this.#probabilities ??= rows.every(([row]) => areProbabilities(row));
    this.#rows += rows.length;
    for (const [row, otherRow] of rows) {
      const answer = argmax(row);
      if (answer === argmax(otherRow)) this.#agreeing++;
      this.#answer ??= answer;
      this.#oneAnswer &&= answer === this.#answer;
      this.#divergence += this.#probabilities
        ? softmaxDivergence(logitsOf(row), logitsOf(otherRow))
        : softmaxDivergence(row, otherRow);
    }
  }
}

/** The rows, along the last axis longer than 1, that are finite in both; none where no axis is longer than 1. */
function finiteRows(dims: readonly number[], reference: Float32Array, other: Float32Array) {
  const length = dims.findLast((dim) => dim > 1);
  const rows: (readonly [Float32Array, Float32Array])[] = [];
  if (length === undefined) return rows;
  for (let start = 0; start < reference.length; start += length) {
    const row = reference.subarray(start, start + length);
    const otherRow = other.subarray(start, start + length);
    if (row.every(Number.isFinite) && otherRow.every(Number.isFinite)) rows.push([row, otherRow]);
  }
  return rows;
}
