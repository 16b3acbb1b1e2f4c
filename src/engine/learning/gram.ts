import { add, div, matMul, type Tensor3D, tensor3d, tidy, transpose, zeros } from "@tensorflow/tfjs-core";
import type { RoundingProblem } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { patchPlan } from "./patches.ts";
import { positionsOf } from "./positions.ts";

/** Positions of one sample that are looked at: neighbours tell little more. */
const POSITIONS = 64;
/** Rows that are multiplied together: fewer leave a matrix product to its overhead. */
const ROWS = 512;

/** What a layer's inputs add up to, as [groups, inputs, inputs]: means over positions. */
export interface GramMatrices {
  /** E[x^ x^'], E[(x^ - x) x^'] and E[(x^ - x)(x^ - x)'], with x of the float model and x^ of the rounded one. */
  readonly rounded: Tensor3D;
  readonly cross: Tensor3D;
  readonly drift: Tensor3D;
}

/**
 * Adds up products of a layer's inputs, which is all that its squared error depends on, so that nothing grows with the
 * number of samples. Convolutions are unfolded (im2col) at `POSITIONS` positions a sample.
 */
export class Gram {
  readonly #problem: RoundingProblem;
  readonly #groups: number;
  #sums: GramMatrices;
  #pending: { readonly rounded: Float32Array; readonly drift: Float32Array; readonly rows: number }[] = [];
  #positions = 0;
  #samples = 0;

  constructor(problem: RoundingProblem) {
    const { form, inputs } = problem;
    this.#problem = problem;
    this.#groups = form.kind === "conv" ? form.groups : 1;
    const none = (): Tensor3D => zeros([this.#groups, inputs, inputs]);
    this.#sums = { rounded: none(), cross: none(), drift: none() };
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
    this.#pending.push({ rounded: actual, drift, rows: positions.length });
    if (this.#pending.reduce((rows, each) => rows + each.rows, 0) >= ROWS) this.#fold();
  }

  /** The means, which are the caller's to dispose of; nothing can be added afterwards. */
  finish(): GramMatrices {
    this.#fold();
    const { rounded, cross, drift } = this.#sums;
    const means = tidy(() => [rounded, cross, drift].map((sum) => div<Tensor3D>(sum, Math.max(1, this.#positions))));
    this.dispose();
    return { rounded: means[0]!, cross: means[1]!, drift: means[2]! };
  }

  dispose(): void {
    for (const sum of Object.values(this.#sums)) sum.dispose();
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
