import type { SampleLabel } from "../model/dataset.ts";
import type { TensorMap } from "../model/tensor.ts";
import { TopCounter } from "./accuracy.ts";
import type { Breakdown } from "./breakdown.ts";
import { scoreRows } from "./scores.ts";

/** Class scores of the float and the quantized model, and what is right. */
export interface ScoredRow {
  readonly float: Float32Array;
  readonly quantized: Float32Array;
  readonly label: number;
}

/** Counts how often two models give what is labelled: of a sample, or of each row of a batch. */
export class LabelledScores {
  #counter: TopCounter | null = null;
  #output: string | null = null;

  /** The output of class scores that it goes by; null before there is one. */
  get output(): string | null {
    return this.#output;
  }

  get samples(): number {
    return this.#counter?.samples ?? 0;
  }

  /** Gives what was counted. Throws InputError for a label that the model has no class for. */
  add(float: TensorMap, quantized: TensorMap, label: SampleLabel, source: string): readonly ScoredRow[] {
    const labels = typeof label === "object" && label ? label : [label];
    const scored = scoreRows(float, labels.length);
    const others = scored && quantized.get(scored.name)?.data;
    if (!scored || !(others instanceof Float32Array)) return [];
    const counted: ScoredRow[] = [];
    for (const [at, row] of scored.rows.entries()) {
      const right = labels[at] ?? null;
      if (right === null) continue;
      this.#output = scored.name;
      this.#counter ??= new TopCounter(row);
      const other = others.subarray(at * row.length, (at + 1) * row.length);
      this.#counter.add(row, other, right, source);
      counted.push({ float: row, quantized: other, label: right });
    }
    return counted;
  }

  /** By class and confidence; null before anything was counted. */
  get breakdown(): Breakdown | null {
    return this.#counter?.breakdown ?? null;
  }

  /** Null before anything was counted. */
  result(): ReturnType<TopCounter["result"]> | null {
    return this.#counter?.result() ?? null;
  }
}
