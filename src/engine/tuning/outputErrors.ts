import { TopCounter } from "../evaluation/accuracy.ts";
import { RowComparison } from "../evaluation/rows.ts";
import { firstScores } from "../evaluation/scores.ts";
import type { OutputErrors } from "../model/sensitivity.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";

/** The float model's outputs for a sample, and what it should have said. */
export interface Expectation {
  readonly outputs: TensorMap;
  readonly label: number | null;
  readonly source: string;
}

/** Gathers how far one quantized model's float32 outputs are from the float model's, sample by sample, all together. */
export class OutputErrorSum {
  readonly #values = new Comparator();
  readonly #rows = new Map<string, RowComparison>();
  #top: TopCounter | null = null;

  get labelled(): number {
    return this.#top?.samples ?? 0;
  }

  /** Throws InputError when the label is no class of the model. */
  add({ outputs, label, source }: Expectation, actual: TensorMap): void {
    for (const [name, { dims, data }] of outputs) {
      const other = actual.get(name)?.data;
      if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) continue;
      this.#values.add(data, other);
      const rows = this.#rows.get(name) ?? new RowComparison();
      this.#rows.set(name, rows);
      rows.add(dims, data, other);
    }
    const best = label === null ? null : firstScores(outputs);
    const other = best && actual.get(best.name)?.data;
    if (label === null || !best || !(other instanceof Float32Array)) return;
    this.#top ??= new TopCounter(best.scores);
    this.#top.add(best.scores, other, label, source);
  }

  result(): OutputErrors {
    const { sqnr, mse, cosine } = this.#values.result();
    let rows = 0;
    let divergence = 0;
    for (const output of this.#rows.values()) {
      rows += output.rows;
      divergence += output.divergence;
    }
    return { sqnr, mse, cosine, kl: rows > 0 ? divergence / rows : null, drop: this.#top?.result().top1.drop ?? null };
  }
}
