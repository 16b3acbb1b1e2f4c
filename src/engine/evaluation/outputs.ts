import type { OutputError } from "../model/evaluation.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { PartComparison } from "./parts.ts";
import { RowComparison } from "./rows.ts";
import { oneAnswerNotice, Variations } from "./variation.ts";

/** Compares the float32 outputs of two models by name, sample by sample. */
export class OutputComparison {
  readonly variations = new Variations();
  readonly #outputs = new Map<string, OneOutput>();

  /** Throws InputError when an output has another size in the two. */
  add(float: TensorMap, quantized: TensorMap): void {
    this.variations.add(float);
    for (const [name, reference] of float) {
      const other = quantized.get(name);
      if (!(reference.data instanceof Float32Array) || !(other?.data instanceof Float32Array)) continue;
      if (reference.data.length !== other.data.length) {
        throw new InputError(
          `The output ${name} has ${reference.data.length} values in the float model and ${other.data.length} in the quantized one; they are not the same network.`,
        );
      }
      const output = this.#outputs.get(name) ?? new OneOutput(name);
      this.#outputs.set(name, output);
      output.add(reference.dims, reference.data, other.data);
    }
  }

  results(): OutputError[] {
    return [...this.#outputs].map(([name, output]) => output.result(this.variations.isSilent(name)));
  }

  /** Of outputs that are not silent: where values are not finite, and where the float model has one answer only. */
  remarks(): Notice[] {
    const telling = [...this.#outputs].filter(([name]) => !this.variations.isSilent(name));
    return telling.flatMap(([, output]) => [output.nonFinite() ?? [], output.oneAnswer() ?? []].flat());
  }
}

class OneOutput {
  readonly #name: string;
  readonly #comparator = new Comparator();
  readonly #rows = new RowComparison();
  readonly #parts = new PartComparison();

  constructor(name: string) {
    this.#name = name;
  }

  add(dims: readonly number[], reference: Float32Array, other: Float32Array): void {
    this.#comparator.add(reference, other);
    this.#rows.add(dims, reference, other);
    this.#parts.add(dims, reference, other);
  }

  nonFinite(): Notice | null {
    const { pairs, skipped } = this.#comparator.result();
    if (skipped === 0) return null;
    const rest =
      pairs === 0
        ? "no other is left, so its errors are not given"
        : "its errors are without them, and agreement and KL without their rows";
    const message = `The output ${this.#name} has ${skipped} ${skipped === 1 ? "value" : "values"} that the float or the quantized model gives as NaN or infinite; ${rest}.`;
    return { kind: "warning", subject: this.#name, message };
  }

  oneAnswer(): Notice | null {
    return oneAnswerNotice(this.#name, this.#rows.onlyAnswer, this.#rows.rows);
  }

  result(isSilent: boolean): OutputError {
    const { pairs, sqnr, mse, mae, cosine, skipped } = this.#comparator.result();
    const { rows, agreeing, divergence } = this.#rows;
    const mean = (sum: number) => (rows > 0 && !isSilent ? sum / rows : null);
    const told = (figure: number) => (pairs > 0 && !isSilent ? figure : null);
    const parts = isSilent ? [] : this.#parts.results();
    return {
      name: this.#name,
      agreement: mean(agreeing),
      sqnr: told(parts.reduce((least, part) => Math.min(least, part.sqnr), sqnr)),
      parts,
      mse,
      mae,
      cosine: told(cosine),
      kl: mean(divergence),
      nonFinite: skipped,
    };
  }
}
