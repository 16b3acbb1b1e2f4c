import { roundHalfEven } from "../values/round.ts";
import { type ChannelGrid, codeOf, gridBlock, gridValue, type InputProducts, nearestCodes } from "./channelGrid.ts";
import { cholesky, solveCholesky } from "./cholesky.ts";

/** Codes and scales of one channel, and the squared error of the products. */
export interface FittedCodes {
  readonly codes: Int16Array;
  readonly scales: Float32Array;
  readonly error: number;
}

/** What is added to the diagonal of singular products, as a share of its mean. */
const LEAST_DAMPING = 1e-4;
/** Rounds in which scales are fitted to codes, and codes to scales. */
const ROUNDS = 3;
/** How often codes are found anew from the scales that were fitted. */
const AGAIN = 5;
const SWEEPS = 4;

/**
 * Finds codes of weights that give nearly the products that the weights give, rather than nearly the weights: GPTQ (Frantar
 * and others 2022), as the nearest plane of a lattice (Babai) on the Cholesky factor of the inputs' products, inputs of the
 * greatest products first ("act order"). Then codes are turned one by one while that lowers the error, and scales fitted to
 * the codes by least squares, in turn; and all of it again from these scales, while that lowers the error.
 */
export class ProductRounding {
  readonly #inputs: number;
  /** Position to input, in the order of rounding from the last. */
  readonly #order: Int32Array;
  readonly #gram: Float64Array;
  readonly #factor: Float64Array;

  constructor({ inputs, gram }: InputProducts) {
    this.#inputs = inputs;
    const diagonal = Float64Array.from({ length: inputs }, (_, i) => gram[i * inputs + i]!);
    const mean = diagonal.reduce((sum, value) => sum + value, 0) / inputs;
    this.#order = Int32Array.from(diagonal.keys()).sort((a, b) => diagonal[a]! - diagonal[b]! || b - a);
    const permuted = new Float64Array(inputs * inputs);
    for (let i = 0; i < inputs; i++) {
      const row = this.#order[i]! * inputs;
      for (let j = 0; j < inputs; j++) permuted[i * inputs + j] = gram[row + this.#order[j]!]!;
    }
    this.#gram = permuted;
    this.#factor = transposed(factorOf(permuted, inputs, mean > 0 ? mean * LEAST_DAMPING : 1), inputs);
  }

  /** Squared error of the products with the codes next to the weights. */
  nearest(weight: Float32Array, grid: ChannelGrid): number {
    return this.#error(this.#apart(weight, nearestCodes(weight, grid), grid));
  }

  /** The codes of one channel's weights, its scales, which are fitted where `fits` says so, and the squared error of the products. */
  round(weight: Float32Array, grid: ChannelGrid, fits: boolean): FittedCodes {
    let best = this.#settled(weight, grid, fits);
    for (let again = 0; fits && again < AGAIN; again++) {
      const next = this.#settled(weight, { ...grid, scales: best.scales }, fits);
      if (!(next.error < best.error)) break;
      best = next;
    }
    return best;
  }

  /** From scales on: the better of two beginnings, then codes and scales in turn. */
  #settled(weight: Float32Array, grid: ChannelGrid, fits: boolean): FittedCodes {
    const plain = nearestCodes(weight, grid);
    const plane = this.#plane(weight, grid);
    const turned = this.#error(this.#descended(weight, plain, grid));
    let error = this.#error(this.#descended(weight, plane, grid));
    let best = { codes: turned < error ? plain : plane, scales: grid.scales };
    error = Math.min(error, turned);
    for (let round = 0; fits && round < ROUNDS; round++) {
      const scales = this.#fittedScales(weight, best.codes, { ...grid, scales: best.scales });
      const codes = best.codes.slice();
      const now = this.#error(this.#descended(weight, codes, { ...grid, scales }));
      if (!(now < error)) break;
      [best, error] = [{ codes, scales }, now];
    }
    return { ...best, error };
  }

  /** Each code nearest to what is wanted of it once those rounded before it are known. */
  #plane(weight: Float32Array, grid: ChannelGrid): Int16Array {
    const inputs = this.#inputs;
    const codes = new Int16Array(inputs);
    const errors = new Float64Array(inputs);
    for (let i = inputs - 1; i >= 0; i--) {
      const row = i * inputs;
      let shift = 0;
      for (let j = i + 1; j < inputs; j++) shift += this.#factor[row + j]! * errors[j]!;
      const input = this.#order[i]!;
      const code = codeOf(weight[input]! + shift / this.#factor[row + i]!, input, grid);
      codes[input] = code;
      errors[i] = weight[input]! - gridValue(code, input, grid);
    }
    return codes;
  }

  /** Turns codes to a neighbour wherever that lowers the error; gives the errors that are left. */
  #descended(weight: Float32Array, codes: Int16Array, grid: ChannelGrid): Float64Array {
    const inputs = this.#inputs;
    const errors = this.#apart(weight, codes, grid);
    const slopes = this.#products(errors);
    const [lowest, highest] = grid.limits;
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      let turned = 0;
      for (let i = inputs - 1; i >= 0; i--) {
        const input = this.#order[i]!;
        const scale = grid.scales[Math.floor(input / grid.block)]!;
        const own = this.#gram[i * inputs + i]!;
        const wanted = roundHalfEven(slopes[i]! / own / scale);
        const code = Math.min(highest, Math.max(lowest, codes[input]! + wanted));
        const change = (code - codes[input]!) * scale;
        if (change === 0 || change * (change * own - 2 * slopes[i]!) >= 0) continue;
        codes[input] = code;
        errors[i] = errors[i]! - change;
        for (let j = 0, at = i * inputs; j < inputs; j++, at++) slopes[j] = slopes[j]! - change * this.#gram[at]!;
        turned++;
      }
      if (turned === 0) break;
    }
    return errors;
  }

  /** The scales with which given codes come closest; those of blocks that would turn sign or vanish stay. */
  #fittedScales(weight: Float32Array, codes: Int16Array, grid: ChannelGrid): Float32Array {
    const inputs = this.#inputs;
    const blocks = grid.scales.length;
    const wanted = this.#products(Float64Array.from(this.#order, (input) => weight[input]!));
    const matrix = new Float64Array(blocks * blocks);
    const values = new Float64Array(blocks);
    const steps = Float64Array.from(this.#order, (input) => codes[input]! - grid.zeroPoints[gridBlock(input, grid)]!);
    const blockOf = this.#order.map((input) => gridBlock(input, grid));
    for (let i = 0; i < inputs; i++) {
      const step = steps[i]!;
      if (step === 0) continue;
      const block = blockOf[i]!;
      values[block] = values[block]! + step * wanted[i]!;
      const row = block * blocks;
      let from = i * inputs;
      for (let j = 0; j < inputs; ) {
        const at = row + blockOf[j]!;
        let sum = matrix[at]!;
        do sum += step * steps[j++]! * this.#gram[from++]!;
        while (j < inputs && row + blockOf[j]! === at);
        matrix[at] = sum;
      }
    }
    for (let block = 0; block < blocks; block++) {
      const at = block * blocks + block;
      if (matrix[at] === 0) [matrix[at], values[block]] = [1, grid.scales[block]!];
    }
    const factor = cholesky(matrix, blocks);
    if (!factor) return grid.scales;
    solveCholesky(factor, blocks, values);
    const { allowed = Math.fround } = grid;
    return grid.scales.map((scale, block) => (values[block]! > scale / 2 ? allowed(values[block]!) : scale));
  }

  /** Weights less what their codes mean, in the order of rounding. */
  #apart(weight: Float32Array, codes: Int16Array, grid: ChannelGrid): Float64Array {
    return Float64Array.from(this.#order, (input) => weight[input]! - gridValue(codes[input]!, input, grid));
  }

  #products(values: Float64Array): Float64Array {
    const inputs = this.#inputs;
    const made = new Float64Array(inputs);
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let j = 0, at = i * inputs; j < inputs; j++, at++) sum += this.#gram[at]! * values[j]!;
      made[i] = sum;
    }
    return made;
  }

  #error(errors: Float64Array): number {
    return this.#products(errors).reduce((sum, value, i) => sum + value * errors[i]!, 0);
  }
}

/** Of few samples products are singular: then their diagonal is raised, as much as it takes. */
function factorOf(matrix: Float64Array, size: number, damping: number): Float64Array {
  for (let more = damping; ; more *= 10) {
    const factor = cholesky(matrix, size);
    if (factor) return factor;
    for (let i = 0; i < size; i++) matrix[i * size + i] = matrix[i * size + i]! + more;
  }
}

function transposed(matrix: Float64Array, size: number): Float64Array {
  const made = new Float64Array(matrix.length);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) made[j * size + i] = matrix[i * size + j]!;
  return made;
}
