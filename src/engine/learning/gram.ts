import { add, div, matMul, sub, type Tensor3D, tensor3d, tidy, transpose, zeros } from "@tensorflow/tfjs-core";
import type { InputMeans, RoundingProblem } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { patchPlan } from "./patches.ts";
import { positionsOf } from "./positions.ts";

/** Positions of one sample that are looked at: neighbours tell little more. */
const POSITIONS = 64;
/** Rows that are multiplied together: fewer leave a matrix product to its overhead. */
const ROWS = 512;

/** What a layer's inputs add up to, as [groups, inputs, inputs]: means over positions. */
export interface GramMatrices {
  /**
   * E[x^ x^'], E[(x^ - x) x^'] and E[(x^ - x)(x^ - x)'], with x of the float model and x^ of the rounded one: of what they are beyond
   * their means where a bias takes these up.
   */
  readonly rounded: Tensor3D;
  readonly cross: Tensor3D;
  readonly drift: Tensor3D;
  /** E[x^] and E[x^ - x], as [groups, inputs]; null where no bias takes up mean errors. */
  readonly means: InputMeans | null;
}

/**
 * Adds up products of a layer's inputs, which is all that its squared error depends on, so that nothing grows with the
 * number of samples. Convolutions are unfolded (im2col) at `POSITIONS` positions a sample.
 */
export class Gram {
  readonly #problem: RoundingProblem;
  readonly #groups: number;
  #sums: Omit<GramMatrices, "means">;
  /** What is taken from inputs before they are multiplied, so that little is left to take from their products: the first sample's means. */
  #pivot: Float64Array | null = null;
  /** What is left of the inputs, and their drift, added up. */
  readonly #totals: InputMeans;
  #pending: { readonly rounded: Float32Array; readonly drift: Float32Array; readonly rows: number }[] = [];
  #positions = 0;
  #samples = 0;

  constructor(problem: RoundingProblem) {
    const { form, inputs } = problem;
    this.#problem = problem;
    this.#groups = form.kind === "conv" ? form.groups : 1;
    const none = (): Tensor3D => zeros([this.#groups, inputs, inputs]);
    this.#sums = { rounded: none(), cross: none(), drift: none() };
    const nothing = () => new Float64Array(this.#groups * inputs);
    this.#totals = { rounded: nothing(), drift: nothing() };
  }

  /** Adds one sample: the layer's input in both models, of one shape. Values that are not finite count as 0. */
  add(float: Tensor, rounded: Tensor): void {
    const plan = patchPlan(this.#problem.form, float.dims, this.#problem.inputs);
    const positions = positionsOf(plan.count, POSITIONS, this.#samples++);
    const exact = plan.gather(float.data as Float32Array, positions);
    const actual = plan.gather(rounded.data as Float32Array, positions);
    const drift = actual.map((value, at) => value - exact[at]!);
    drift.forEach((value, at) => {
      if (!Number.isFinite(value)) actual[at] = drift[at] = 0;
    });
    if (this.#problem.biased) this.#center(actual, drift, positions.length);
    this.#pending.push({ rounded: actual, drift, rows: positions.length });
    if (this.#pending.reduce((rows, each) => rows + each.rows, 0) >= ROWS) this.#fold();
  }

  /** The means, which are the caller's to dispose of; nothing can be added afterwards. */
  finish(): GramMatrices {
    this.#fold();
    const { rounded, cross, drift } = this.#sums;
    const { biased, inputs } = this.#problem;
    const positions = Math.max(1, this.#positions);
    const left = this.#totals.rounded.map((total) => total / positions);
    const drifted = this.#totals.drift.map((total) => total / positions);
    const products = tidy(() => {
      const row = (means: Float64Array) => tensor3d(Float32Array.from(means), [this.#groups, 1, inputs]);
      const [x, e] = [row(left), row(drifted)];
      const mean = (sum: Tensor3D, one: Tensor3D, other: Tensor3D) => {
        const whole = div<Tensor3D>(sum, positions);
        return biased ? sub<Tensor3D>(whole, matMul(transpose(one, [0, 2, 1]), other)) : whole;
      };
      return [mean(rounded, x, x), mean(cross, e, x), mean(drift, e, e)];
    });
    this.dispose();
    const means = { rounded: left.map((value, at) => value + (this.#pivot?.[at] ?? 0)), drift: drifted };
    return { rounded: products[0]!, cross: products[1]!, drift: products[2]!, means: biased ? means : null };
  }

  dispose(): void {
    for (const sum of Object.values(this.#sums)) sum.dispose();
  }

  /** Takes the pivot from rows of [groups, positions, inputs], and adds up what is left, and their drift. */
  #center(rows: Float32Array, drift: Float32Array, positions: number): void {
    const { inputs } = this.#problem;
    const columnOf = (at: number) => Math.floor(at / (positions * inputs)) * inputs + (at % inputs);
    if (!this.#pivot) {
      const pivot = new Float64Array(this.#groups * inputs);
      rows.forEach((value, at) => {
        pivot[columnOf(at)]! += value / positions;
      });
      this.#pivot = pivot;
    }
    for (let at = 0; at < rows.length; at++) {
      const column = columnOf(at);
      rows[at]! -= this.#pivot[column]!;
      this.#totals.rounded[column]! += rows[at]!;
      this.#totals.drift[column]! += drift[at]!;
    }
  }

  #fold(): void {
    const rows = this.#pending.reduce((sum, each) => sum + each.rows, 0);
    if (rows === 0) return;
    const { inputs } = this.#problem;
    const shape: [number, number, number] = [this.#groups, rows, inputs];
    const [roundedRows, driftRows] = [this.#joined("rounded", rows), this.#joined("drift", rows)];
    const before = this.#sums;
    const drifts = driftRows.some((value) => value !== 0);
    this.#sums = tidy(() => {
      // A product whose first factor is to be transposed is many times slower in WASM than one that was.
      const columns = (tensor: Tensor3D): Tensor3D => transpose(tensor, [0, 2, 1]);
      const added = (sum: Tensor3D, left: Tensor3D, right: Tensor3D) => add<Tensor3D>(sum, matMul(left, right));
      const actual = tensor3d(roundedRows, shape);
      const rounded = added(before.rounded, columns(actual), actual);
      if (!drifts) return { ...before, rounded };
      const error = tensor3d(driftRows, shape);
      const errors = columns(error);
      return { rounded, cross: added(before.cross, errors, actual), drift: added(before.drift, errors, error) };
    });
    before.rounded.dispose();
    if (drifts) {
      before.cross.dispose();
      before.drift.dispose();
    }
    this.#pending = [];
    this.#positions += rows;
  }

  /** What waits, as [groups, rows, inputs]. */
  #joined(part: "rounded" | "drift", rows: number): Float32Array {
    const { inputs } = this.#problem;
    const joined = new Float32Array(this.#groups * rows * inputs);
    let at = 0;
    for (const each of this.#pending) {
      const size = each.rows * inputs;
      for (let group = 0; group < this.#groups; group++) {
        joined.set(each[part].subarray(group * size, (group + 1) * size), (group * rows + at) * inputs);
      }
      at += each.rows;
    }
    return joined;
  }
}
