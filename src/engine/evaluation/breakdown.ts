import type { BandRight, ClassRight } from "../model/evaluation.ts";

/** Where bands of the float model's confidence begin. */
const BANDS = [0, 0.5, 0.9, 0.99];

interface Judged {
  readonly label: number;
  /** Of the float model in its answer, 0..1; NaN where its scores are not finite, which is in no band. */
  readonly confidence: number;
  readonly float: boolean;
  readonly quantized: boolean;
  readonly same: boolean;
}

interface Right {
  samples: number;
  float: number;
  quantized: number;
}

/** Counts right answers by class, and by how sure the float model is. */
export class Breakdown {
  readonly #classes = new Map<number, Right>();
  readonly #bands = BANDS.map((from, at) => ({ from, to: BANDS[at + 1] ?? 1, ...none(), same: 0 }));

  add({ label, confidence, float, quantized, same }: Judged): void {
    const ofClass = this.#classes.get(label) ?? none();
    this.#classes.set(label, ofClass);
    const band = this.#bands.findLast(({ from }) => from <= confidence);
    for (const right of band ? [ofClass, band] : [ofClass]) {
      right.samples++;
      if (float) right.float++;
      if (quantized) right.quantized++;
    }
    if (band && same) band.same++;
  }

  /** Classes in the order of their numbers, called as `names` has them; bands from the least sure, without samples of no confidence. */
  result(names: ReadonlyMap<number, string>): {
    readonly byClass: readonly ClassRight[];
    readonly byConfidence: readonly BandRight[];
  } {
    return {
      byClass: [...this.#classes]
        .toSorted(([a], [b]) => a - b)
        .map(([label, right]) => ({ class: label, name: names.get(label) ?? null, ...right })),
      byConfidence: this.#bands.filter(({ samples }) => samples > 0).map((band) => ({ ...band })),
    };
  }
}

function none(): Right {
  return { samples: 0, float: 0, quantized: 0 };
}
