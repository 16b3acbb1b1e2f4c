import { LabelledScores } from "../evaluation/labelled.ts";
import { RowComparison } from "../evaluation/rows.ts";
import type { Variations } from "../evaluation/variation.ts";
import type { SampleLabel } from "../model/dataset.ts";
import type { OutputErrors } from "../model/sensitivity.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";

/** The float model's outputs for a sample, and what it should have said. */
export interface Expectation {
  readonly outputs: TensorMap;
  readonly label: SampleLabel;
  readonly source: string;
}

/** Gathers how far one quantized model's float32 outputs are from the float model's, sample by sample, all together. */
export class OutputErrorSum {
  readonly #outputs = new Map<string, { readonly values: Comparator; readonly rows: RowComparison }>();
  readonly #labelled = new LabelledScores();

  get labelled(): number {
    return this.#labelled.samples;
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
    this.#labelled.add(outputs, actual, label, source);
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
    const { output } = this.#labelled;
    const top = output === null || variations.isSilent(output) ? null : this.#labelled.result();
    return { sqnr, mse, cosine, kl: rows > 0 ? divergence / rows : null, drop: top?.top1.drop ?? null };
  }
}
