import { clamp } from "../values/clamp.ts";
import { signalToNoise } from "./decibels.ts";

/** How close one array of values is to another, over everything added. */
export interface Comparison {
  /** Pairs compared, and pairs left out because one of the two is NaN or infinite. */
  readonly pairs: number;
  readonly skipped: number;
  readonly mse: number;
  readonly mae: number;
  /** 10 log10(sum x^2 / sum (x - y)^2), dB; Infinity when equal, NaN when nothing but zeros was compared. */
  readonly sqnr: number;
  /** Of all values as one vector; 1 when both are all zero, 0 when one is, NaN when nothing was compared. */
  readonly cosine: number;
}

/** Streams pairs of a reference and another tensor into a Comparison. Sums are float64 and memory is constant. */
export class Comparator {
  #pairs = 0;
  #skipped = 0;
  #absolute = 0;
  #squared = 0;
  #energy = 0;
  #otherEnergy = 0;
  #product = 0;

  /** Throws RangeError when the lengths differ. */
  add(reference: Float32Array, other: Float32Array): void {
    if (reference.length !== other.length) {
      throw new RangeError(`Cannot compare ${reference.length} values with ${other.length}.`);
    }
    let [skipped, absolute, squared, energy, otherEnergy, product] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < reference.length; i++) {
      const x = reference[i] as number;
      const y = other[i] as number;
      const error = Math.abs(x - y);
      if (!(error < Infinity)) {
        skipped++;
        continue;
      }
      absolute += error;
      squared += error * error;
      energy += x * x;
      otherEnergy += y * y;
      product += x * y;
    }
    this.#pairs += reference.length - skipped;
    this.#skipped += skipped;
    this.#absolute += absolute;
    this.#squared += squared;
    this.#energy += energy;
    this.#otherEnergy += otherEnergy;
    this.#product += product;
  }

  /** Adds all that another has compared. */
  merge(other: Comparator): void {
    this.#pairs += other.#pairs;
    this.#skipped += other.#skipped;
    this.#absolute += other.#absolute;
    this.#squared += other.#squared;
    this.#energy += other.#energy;
    this.#otherEnergy += other.#otherEnergy;
    this.#product += other.#product;
  }

  /** The figures so far, NaN when no pair was compared. */
  result(): Comparison {
    const norm = Math.sqrt(this.#energy * this.#otherEnergy);
    const dead = this.#pairs === 0 ? Number.NaN : Number(this.#energy === this.#otherEnergy);
    return {
      pairs: this.#pairs,
      skipped: this.#skipped,
      mse: this.#squared / this.#pairs,
      mae: this.#absolute / this.#pairs,
      sqnr: signalToNoise(this.#energy, this.#squared),
      cosine: norm > 0 ? clamp(this.#product / norm, -1, 1) : dead,
    };
  }
}
