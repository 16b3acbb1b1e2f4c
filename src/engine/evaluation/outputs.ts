import type { OutputError } from "../model/evaluation.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { RowComparison } from "./rows.ts";

/** Compares the float32 outputs of two models by name, sample by sample. */
export class OutputComparison {
  readonly #outputs = new Map<string, OneOutput>();

  /** Throws InputError when an output has another size in the two. */
  add(float: TensorMap, quantized: TensorMap): void {
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
    return [...this.#outputs.values()].map((output) => output.result());
  }
}

/** A warning for each output with pairs left out because one of the two values is not finite. */
export function nonFiniteNotices(outputs: readonly OutputError[]): Notice[] {
  return outputs
    .filter(({ nonFinite }) => nonFinite > 0)
    .map(({ name, nonFinite }) => ({
      kind: "warning",
      subject: name,
      message: `The output ${name} has ${nonFinite} ${nonFinite === 1 ? "value" : "values"} that the float or the quantized model gives as NaN or infinite; its errors are without them, and agreement and KL without their rows.`,
    }));
}

class OneOutput {
  readonly #name: string;
  readonly #comparator = new Comparator();
  readonly #rows = new RowComparison();

  constructor(name: string) {
    this.#name = name;
  }

  add(dims: readonly number[], reference: Float32Array, other: Float32Array): void {
    this.#comparator.add(reference, other);
    this.#rows.add(dims, reference, other);
  }

  result(): OutputError {
    const { sqnr, mse, mae, cosine, skipped } = this.#comparator.result();
    const { rows, agreeing, divergence } = this.#rows;
    const mean = (sum: number) => (rows > 0 ? sum / rows : null);
    return {
      name: this.#name,
      agreement: mean(agreeing),
      sqnr,
      mse,
      mae,
      cosine,
      kl: mean(divergence),
      nonFinite: skipped,
    };
  }
}
