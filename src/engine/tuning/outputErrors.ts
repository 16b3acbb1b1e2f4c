import { TopCounter } from "../evaluation/accuracy.ts";
import { RowComparison } from "../evaluation/rows.ts";
import { firstScores } from "../evaluation/scores.ts";
import type { Variations } from "../evaluation/variation.ts";
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
  readonly #outputs = new Map<string, { readonly values: Comparator; readonly rows: RowComparison }>();
  #top: TopCounter | null = null;
  #scores = "";

  get labelled(): number {
    return this.#top?.samples ?? 0;
  }

  /** Throws InputError when the label is no class of the model. */
  add({ outputs, label, source }: Expectation, actual: TensorMap): void {
    for (const [name, { dims, data }] of outputs) {
      const other = actual.get(name)?.data;
      if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) continue;
      const output = this.#outputs.get(name) ?? { values: new Comparator(), rows: new RowComparison() };
      this.#outputs.set(name, output);
      output.values.add(data, other);
      output.rows.add(dims, data, other);
    }
    const best = label === null ? null : firstScores(outputs);
    const other = best && actual.get(best.name)?.data;
    if (label === null || !best || !(other instanceof Float32Array)) return;
    this.#top ??= new TopCounter(best.scores);
    this.#scores = best.name;
    this.#top.add(best.scores, other, label, source);
  }

  /** Of all outputs but those that say nothing in the float model. */
  result(variations: Variations): OutputErrors {
    const values = new Comparator();
    let rows = 0;
    let divergence = 0;
    for (const [name, output] of this.#outputs) {
      if (variations.isSilent(name)) continue;
      values.merge(output.values);
      rows += output.rows.rows;
      divergence += output.rows.divergence;
    }
    const { sqnr, mse, cosine } = values.result();
    const top = variations.isSilent(this.#scores) ? null : this.#top;
    return { sqnr, mse, cosine, kl: rows > 0 ? divergence / rows : null, drop: top?.result().top1.drop ?? null };
  }
}
