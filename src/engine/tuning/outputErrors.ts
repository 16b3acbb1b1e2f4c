import { LabelledScores } from "../evaluation/labelled.ts";
import { PartComparison } from "../evaluation/parts.ts";
import { RowComparison } from "../evaluation/rows.ts";
import type { Variations } from "../evaluation/variation.ts";
import type { SampleLabel } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { OutputErrors } from "../model/sensitivity.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";

/** The float model's outputs for a sample, and what it should have said. */
export interface Expectation {
  readonly outputs: TensorMap;
  readonly label: SampleLabel;
  readonly source: string;
}

interface OutputSum {
  readonly values: Comparator;
  readonly rows: RowComparison;
  readonly parts: PartComparison;
}

/** Gathers how far one quantized model's float32 outputs are from the float model's, sample by sample. */
export class OutputErrorSum {
  readonly #outputs = new Map<string, OutputSum>();
  readonly #labelled = new LabelledScores();

  get labelled(): number {
    return this.#labelled.samples;
  }

  /** Throws InputError when the label is no class of the model, or an output has another size in the two. */
  add({ outputs, label, source }: Expectation, actual: TensorMap): void {
    for (const [name, { dims, data }] of outputs) {
      const other = actual.get(name)?.data;
      if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) continue;
      if (data.length !== other.length) {
        throw new InputError(
          `The output ${name} has ${data.length} values in the float model and ${other.length} in a quantized one, so no error can be measured of it.`,
        );
      }
      const output = this.#outputs.get(name) ?? {
        values: new Comparator(),
        rows: new RowComparison(),
        parts: new PartComparison(),
      };
      this.#outputs.set(name, output);
      output.values.add(data, other);
      output.rows.add(dims, data, other);
      output.parts.add(dims, data, other);
    }
    this.#labelled.add(outputs, actual, label, source);
  }

  /** Of all outputs but those that say nothing in the float model: the SQNR of the worst, all other errors of all together. */
  result(variations: Variations): OutputErrors {
    const values = new Comparator();
    let rows = 0;
    let divergence = 0;
    const figures: number[] = [];
    for (const [name, output] of this.#outputs) {
      if (variations.isSilent(name)) continue;
      values.merge(output.values);
      figures.push(output.values.result().sqnr, ...output.parts.sqnrsOf(variations.partsOf(name)));
      rows += output.rows.rows;
      divergence += output.rows.divergence;
    }
    const known = figures.filter((sqnr) => !Number.isNaN(sqnr));
    const sqnr = known.reduce((least, each) => Math.min(least, each), known.length > 0 ? Infinity : Number.NaN);
    const { mse, cosine } = values.result();
    const { output } = this.#labelled;
    const top = output === null || variations.isSilent(output) ? null : this.#labelled.result();
    return { sqnr, mse, cosine, kl: rows > 0 ? divergence / rows : null, drop: top?.top1.drop ?? null };
  }
}
