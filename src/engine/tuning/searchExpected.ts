import { areProbabilities, logitsOf } from "../evaluation/scores.ts";

/** Samples that are kept for the estimate; of more the measured drop itself says enough. */
const MOST_SAMPLES = 256;

interface Sample {
  /** Float scores, largest first. */
  readonly scores: Float32Array;
  /** Quantized less float score, in the same order. */
  readonly errors: Float32Array;
  /** Where the label stands in that order. */
  readonly rank: number;
}

/**
 * Estimates the drop of top-1 with less luck in it than counting has on few samples: every sample's float scores are
 * given the errors that quantization made on every sample in turn, matched by rank (the error of the best class to the
 * best class), and the label is looked for at the top of each. The first 256 samples are kept.
 */
export class ExpectedDrop {
  readonly #samples: Sample[] = [];
  #probabilities: boolean | null = null;

  add(float: Float32Array, quantized: Float32Array, label: number): void {
    if (this.#samples.length === MOST_SAMPLES) return;
    this.#probabilities ??= areProbabilities(float);
    const [scores, others] = this.#probabilities ? [logitsOf(float), logitsOf(quantized)] : [float, quantized];
    const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
    this.#samples.push({
      scores: Float32Array.from(order, (index) => scores[index]!),
      errors: Float32Array.from(order, (index) => others[index]! - scores[index]!),
      rank: order.indexOf(label),
    });
  }

  /** Top-1 of float less the one expected of quantized, as shares; null before the first sample. */
  result(): number | null {
    const samples = this.#samples;
    if (samples.length === 0) return null;
    let lost = 0;
    for (const { scores, rank } of samples) {
      const right = rank === 0 ? samples.length : 0;
      lost += right - samples.filter(({ errors }) => isTop(scores, errors, rank)).length;
    }
    return lost / samples.length ** 2;
  }
}

function isTop(scores: Float32Array, errors: Float32Array, rank: number): boolean {
  const own = scores[rank]! + errors[rank]!;
  for (let i = 0; i < scores.length; i++) {
    const other = scores[i]! + errors[i]!;
    if (other > own || (other === own && i < rank)) return false;
  }
  return true;
}
