import type { Accuracy } from "../model/evaluation.ts";
import { InputError } from "../model/job.ts";
import { argmax, isInTop } from "../numerics/classScores.ts";
import { pairedDifference } from "../numerics/interval.ts";
import { Breakdown } from "./breakdown.ts";
import type { FloatScores } from "./plausibility.ts";
import { areProbabilities, confidence, logitsOf } from "./scores.ts";

/** Counts how often float and quantized scores have the label among their largest. */
export class TopCounter {
  readonly #classes: number;
  readonly #probabilities: boolean;
  readonly #hits = { 1: newHits(), 5: newHits() };
  /** Of the largest score, by class and confidence. */
  readonly breakdown = new Breakdown();
  #samples = 0;
  #confidence = 0;

  /** `first` are the float scores of the first sample. */
  constructor(first: Float32Array) {
    this.#classes = first.length;
    this.#probabilities = areProbabilities(first);
  }

  get samples(): number {
    return this.#samples;
  }

  /** Throws InputError for a label that the model has no class for; `source` is whose label it is. */
  add(float: Float32Array, quantized: Float32Array, label: number, source: string): void {
    if (label >= this.#classes) {
      throw new InputError(
        `${source} has the label ${label}, but the model has ${this.#classes} classes, 0 to ${this.#classes - 1}; give the labels of this model.`,
      );
    }
    this.#samples++;
    const sure = confidence(this.#probabilities ? logitsOf(float) : float);
    this.#confidence += sure;
    for (const top of [1, 5] as const) {
      const hits = this.#hits[top];
      const byFloat = isInTop(float, label, top);
      const byQuantized = isInTop(quantized, label, top);
      if (top === 1) {
        const same = argmax(float) === argmax(quantized);
        this.breakdown.add({ label, confidence: sure, float: byFloat, quantized: byQuantized, same });
      }
      if (byFloat) hits.float++;
      if (byQuantized) hits.quantized++;
      if (byFloat && !byQuantized) hits.onlyFloat++;
      if (byQuantized && !byFloat) hits.onlyQuantized++;
    }
  }

  /** top5 is null with five classes or fewer, where it says nothing. */
  result(): { readonly top1: Accuracy; readonly top5: Accuracy | null; readonly float: FloatScores } {
    const top1 = this.#accuracy(1);
    return {
      top1,
      top5: this.#classes > 5 ? this.#accuracy(5) : null,
      float: {
        classes: this.#classes,
        samples: this.#samples,
        accuracy: top1.float,
        confidence: this.#confidence / this.#samples,
      },
    };
  }

  #accuracy(top: 1 | 5): Accuracy {
    const { float, quantized, onlyFloat, onlyQuantized } = this.#hits[top];
    const samples = this.#samples;
    const { difference, interval } = pairedDifference({ samples, onlyFirst: onlyFloat, onlySecond: onlyQuantized });
    return { float: float / samples, quantized: quantized / samples, drop: difference, interval };
  }
}

function newHits() {
  return { float: 0, quantized: 0, onlyFloat: 0, onlyQuantized: 0 };
}
