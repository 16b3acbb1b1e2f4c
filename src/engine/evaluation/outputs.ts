import type { OtherOutput, OutputError } from "../model/evaluation.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { PartComparison } from "./parts.ts";
import { RowSets } from "./rowSets.ts";
import { RowComparison } from "./rows.ts";
import { oneAnswerNotice, Variations } from "./variation.ts";

/** The axis along which an output has as many rows as data decides, by name. */
export type RowAxes = ReadonlyMap<string, number>;

/**
 * Compares the outputs of two models by name, sample by sample: floats value by value, but as sets of rows where their number
 * depends on data, and others by how many are equal.
 */
export class OutputComparison {
  readonly variations = new Variations();
  readonly #outputs = new Map<string, OneOutput>();
  readonly #axes: Map<string, number>;
  readonly #sets = new Map<string, RowSets>();
  readonly #values = new Map<string, { values: number; equal: number }>();

  constructor(axes: RowAxes = new Map()) {
    this.#axes = new Map(axes);
  }

  /** Throws InputError when an output has another shape in the two, but for the one dimension that data may decide. */
  add(float: TensorMap, quantized: TensorMap): void {
    this.variations.add(float);
    for (const [name, reference] of float) {
      const other = quantized.get(name);
      if (!other) continue;
      const axis = this.#axisOf(name, reference, other);
      if (axis !== null) this.#addRows(name, reference, other, axis);
      else if (reference.data instanceof Float32Array && other.data instanceof Float32Array) {
        const output = this.#outputs.get(name) ?? new OneOutput(name);
        this.#outputs.set(name, output);
        output.add(reference.dims, reference.data, other.data);
      } else this.#addValues(name, reference, other);
    }
  }

  /** Null where values are compared one by one. An output that has more rows in one of the two is a set from there on. */
  #axisOf(name: string, { dims, data }: Tensor, other: Tensor): number | null {
    const known = this.#axes.get(name);
    if (known !== undefined && known < dims.length) return known;
    if (data.length === other.data.length) return null;
    const differing = dims.flatMap((dim, axis) => (dim === other.dims[axis] ? [] : [axis]));
    const [axis] = differing;
    const isRow = axis !== undefined && (axis < dims.length - 1 || dims.length === 1);
    if (!isRow || differing.length > 1 || dims.length !== other.dims.length) {
      throw new InputError(
        `The output ${name} has ${data.length} values in the float model and ${other.data.length} in the quantized one; they are not the same network.`,
      );
    }
    this.#axes.set(name, axis);
    this.#outputs.delete(name);
    this.#values.delete(name);
    return axis;
  }

  #addRows(name: string, reference: Tensor, other: Tensor, axis: number): void {
    const rows = this.#sets.get(name) ?? new RowSets();
    this.#sets.set(name, rows);
    rows.add(reference, other, axis);
  }

  #addValues(name: string, { data }: Tensor, other: Tensor): void {
    const counts = this.#values.get(name) ?? { values: 0, equal: 0 };
    this.#values.set(name, counts);
    counts.values += data.length;
    for (let i = 0; i < data.length; i++) if (data[i] === other.data[i]) counts.equal++;
  }

  /** Of outputs that are compared value by value as floats. */
  results(): OutputError[] {
    return [...this.#outputs].map(([name, output]) => output.result(this.variations.isSilent(name)));
  }

  /** Of all other outputs. */
  others(): OtherOutput[] {
    const rows = [...this.#sets].map(([name, set]): OtherOutput => ({ name, kind: "rows", ...set.result() }));
    const values = [...this.#values].map(([name, { values: count, equal }]): OtherOutput => {
      return { name, kind: "values", float: count, quantized: count, same: count === 0 ? 1 : equal / count };
    });
    return [...rows, ...values];
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
