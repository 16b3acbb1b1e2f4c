import {
  add,
  eye,
  matMul,
  mul,
  reshape,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  tensor3d,
  tidy,
} from "@tensorflow/tfjs-core";
import type { InputMeans, LayerProducts, RoundingProblem } from "../model/rounding.ts";
import type { GramMatrices } from "./gram.ts";

/** Inputs seem noisier by this share of their mean square, so that rounding leans less on what few samples happen to be. */
const NOISE = 0.02;

/**
 * A layer's expected squared error as a function of its weights' errors D = V - W. With x the float model's input,
 * x^ = x + e the rounded model's, H = E[x^ x^'], K = E[e x^'] and N = E[e e']:
 *   E|V x^ - W x|^2 = E|D x^ + W e|^2 = tr(D H D') + 2 tr(D (W K)') + tr(W N W').
 * What is learned from takes H with noise on its diagonal; errors that are told do not. Where a bias takes up the mean error
 * D E[x^] + W E[e] of each channel, all of these are of x^ and e beyond their means. Tensors are [groups, channels of a group, inputs].
 */
export class Reconstruction {
  readonly shape: [number, number, number];
  /** H with noise, and that noise by group. */
  readonly #gram: Tensor3D;
  readonly #noise: Tensor3D;
  /** W K. */
  readonly #cross: Tensor3D;
  /** By channel: E(w e)^2 and E(w x)^2. */
  readonly #drift: Float32Array;
  readonly #power: Float32Array;
  readonly #weight: Float32Array;
  readonly #means: InputMeans | null;

  private constructor(
    { weight }: RoundingProblem,
    means: InputMeans | null,
    shape: [number, number, number],
    [gram, noise, cross]: readonly [Tensor3D, Tensor3D, Tensor3D],
    [drift, power]: readonly [Float32Array, Float32Array],
  ) {
    this.#weight = weight;
    this.#means = means;
    this.shape = shape;
    this.#gram = gram;
    this.#noise = noise;
    this.#cross = cross;
    this.#drift = drift;
    this.#power = power;
  }

  /** Disposes of the matrices. */
  static async of(problem: RoundingProblem, matrices: GramMatrices): Promise<Reconstruction> {
    const { weight, channels, inputs } = problem;
    const groups = matrices.rounded.shape[0];
    const shape: [number, number, number] = [groups, channels / groups, inputs];
    const { tensors, sums } = tidy(() => {
      const { rounded, cross, drift } = matrices;
      const weights = tensor3d(weight, shape);
      const linear: Tensor3D = matMul(weights, cross);
      const diagonal = eye(inputs);
      const noise: Tensor3D = mul(sum(mul(rounded, diagonal), [1, 2], true), NOISE / inputs);
      const ofDrift = channelSums(weights, matMul(weights, drift));
      const ofRounded = channelSums(weights, matMul(weights, rounded));
      const power = add(sub(ofRounded, mul(channelSums(weights, linear), 2)), ofDrift);
      return {
        tensors: [add<Tensor3D>(rounded, mul(noise, diagonal)), noise, linear] as const,
        sums: [ofDrift, power] as const,
      };
    });
    for (const each of [matrices.rounded, matrices.cross, matrices.drift]) each.dispose();
    const [drift, power] = (await Promise.all(sums.map((each) => each.data()))) as [Float32Array, Float32Array];
    for (const each of sums) each.dispose();
    const powers = power.map((value) => Math.max(0, value));
    return new Reconstruction(problem, matrices.means, shape, tensors, [drift.slice(), powers]);
  }

  /** The square of the layer's output, all channels together: about their means where a bias takes up mean errors. */
  get power(): number {
    return this.#power.reduce((total, value) => total + value, 0);
  }

  /** The square of the layer's output, all channels together, but for its bias. */
  get square(): number {
    if (!this.#means) return this.power;
    const { rounded, drift } = this.#means;
    const exact = rounded.map((value, at) => value - drift[at]!);
    return this.#products(this.#weight, exact).reduce((total, mean) => total + mean ** 2, this.power);
  }

  /** What a bias adds to each channel to take up the mean error -(D E[x^] + W E[e]) of weights' errors; null where none does. */
  shift(errors: Float32Array): Float32Array | null {
    if (!this.#means) return null;
    const drifted = this.#products(this.#weight, this.#means.drift);
    return Float32Array.from(this.#products(errors, this.#means.rounded), (mean, at) => 0 - mean - drifted[at]!);
  }

  /** Of rows of channels by values of [groups, inputs]. */
  #products(rows: Float32Array, values: Float64Array): Float64Array {
    const [groups, channels, inputs] = this.shape;
    return Float64Array.from({ length: groups * channels }, (_, row) => {
      const from = Math.floor(row / channels) * inputs;
      let sum = 0;
      for (let at = 0; at < inputs; at++) sum += rows[row * inputs + at]! * values[from + at]!;
      return sum;
    });
  }

  /** Half the derivative of the squared error, with noise, by each weight: D H + W K. */
  slopes(errors: Tensor3D): Tensor3D {
    return add(matMul(errors, this.#gram), this.#cross);
  }

  /** The whole squared error, without noise, from the slopes at the same errors. */
  async total(errors: Tensor3D, slopes: Tensor3D): Promise<number> {
    const value = tidy(() => sum(mul(errors, sub(add(slopes, this.#cross), mul(errors, this.#noise)))));
    const [varying] = await value.data();
    value.dispose();
    return this.#drift.reduce((total, each) => total + each, varying as number);
  }

  /** All that the error follows from, in arrays of the caller's own. */
  async products(): Promise<LayerProducts> {
    const [gram, noise, cross] = (await Promise.all(
      [this.#gram, this.#noise, this.#cross].map(async (each) => (await each.data()).slice()),
    )) as [Float32Array, Float32Array, Float32Array];
    return { gram, noise, cross, drift: this.#drift.slice(), power: this.#power.slice(), means: this.#means };
  }

  /** The whole squared error of each channel. */
  async channelErrors(errors: Float32Array): Promise<Float64Array> {
    const sums = tidy(() => {
      const d = tensor3d(errors, this.shape);
      return channelSums(d, sub(add(this.slopes(d), this.#cross), mul(d, this.#noise)));
    });
    const values = await sums.data();
    sums.dispose();
    return Float64Array.from(values, (value, channel) => value + this.#drift[channel]!);
  }

  dispose(): void {
    for (const each of [this.#gram, this.#noise, this.#cross]) each.dispose();
  }
}

function channelSums(left: Tensor, right: Tensor): Tensor1D {
  return reshape(sum(mul(left, right), 2), [-1]);
}
