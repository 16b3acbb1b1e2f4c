import type { CodeLimits, WeightCodes } from "../values/codes.ts";
import { weightKernel } from "./kernel/weightKernel.ts";
import { mapRows, type Reduction } from "./reduction.ts";
import { pairFits } from "./saturation.ts";

/**
 * The errors next to half a step are sorted, in bands, until enough weights are found: as many times as are wanted, which is
 * about the square root of all, would be in the first band if errors were spread evenly, and the next are wider.
 */
const FIRST_BAND = 2;
const NEXT_BAND = 4;

/**
 * Rounds weights to the nearest code, as `quantizeWeights` does, and then some of each channel the other way until the
 * channel's rounding errors add up to half a step at most, those closest to the middle between two codes first, and never
 * a weight that is exact or one whose pair would no longer fit. Inputs that come out of a Relu have a positive mean, so
 * that the sum of a channel's errors shifts its output, while single errors average out. No data is needed. It is the
 * output-channel step of SQuant (Guo et al., ICLR 2022, "On-the-Fly Data-Free Quantization via Diagonal Hessian
 * Approximation"). `scales` holds one scale a channel, and `zeroPoints` one a channel, or is null where all are 0.
 */
export function balancedCodes(
  weights: Float32Array,
  scales: Float32Array,
  [lowest, highest]: CodeLimits,
  reduction: Reduction,
  zeroPoints: WeightCodes | null = null,
): WeightCodes {
  const room: WeightCodes = zeroPoints ? new Uint8Array(weights.length) : new Int8Array(weights.length);
  const zeroOf = (channel: number) => (zeroPoints ? (zeroPoints[channel] as number) : 0);
  if (reduction.channelStride === 1 && weights.length > reduction.length) {
    return balanceColumns(weights, scales, zeroOf, [lowest, highest], reduction, room);
  }
  const { length } = reduction;
  const balancer = new Balancer(reduction, 1, [lowest, highest], zeroPoints !== null);
  return mapRows(weights, reduction, room, (row, channel, codes) => {
    balancer.values.set(row);
    balancer.balance(0, scales[channel] as number, zeroOf(channel));
    codes.set(balancer.codes.subarray(0, length));
  });
}

/** Channels next to each other are balanced where they lie: so many together as share cache lines, with a gap between their rows. */
const TOGETHER = 64;
const PITCH = TOGETHER + 16;

function balanceColumns(
  weights: Float32Array,
  scales: Float32Array,
  zeroOf: (channel: number) => number,
  limits: CodeLimits,
  reduction: Reduction,
  room: WeightCodes,
): WeightCodes {
  const { length, inner, innerStride, outerStride } = reduction;
  const channels = weights.length / length;
  const balancer = new Balancer(reduction, PITCH, limits, room instanceof Uint8Array);
  const rowOf = (k: number) => (k % inner) * innerStride + Math.floor(k / inner) * outerStride;
  for (let first = 0; first < channels; first += TOGETHER) {
    const count = Math.min(TOGETHER, channels - first);
    for (let k = 0; k < length; k++) {
      const from = first + rowOf(k);
      balancer.values.set(weights.subarray(from, from + count), k * PITCH);
    }
    for (let at = 0; at < count; at++) {
      balancer.balance(at, scales[first + at] as number, zeroOf(first + at));
    }
    for (let k = 0; k < length; k++) {
      room.set(balancer.codes.subarray(k * PITCH, k * PITCH + count), first + rowOf(k));
    }
  }
  return room;
}

/** Balances channels whose values lie side by side, each a pitch apart. */
class Balancer {
  /** Where values are given, and where codes are. */
  readonly values: Float32Array;
  readonly codes: WeightCodes;
  readonly #kernel = weightKernel();
  readonly #reduction: Reduction;
  readonly #pitch: number;
  readonly #limits: CodeLimits;
  readonly #at: readonly number[];

  constructor(reduction: Reduction, pitch: number, limits: CodeLimits, isUnsigned: boolean) {
    const { length } = reduction;
    this.#at = this.#kernel.place(4 * length * pitch, length * pitch, 8 * length, 4 * length);
    const [values = 0, codes = 0] = this.#at;
    const buffer = this.#kernel.bytes.buffer as ArrayBuffer;
    this.values = new Float32Array(buffer, values, length * pitch);
    this.codes = new (isUnsigned ? Uint8Array : Int8Array)(buffer, codes, length * pitch);
    this.#reduction = reduction;
    this.#pitch = pitch;
    this.#limits = limits;
  }

  balance(at: number, scale: number, zero: number): void {
    const { length, paired } = this.#reduction;
    const kernel = this.#kernel;
    const pitch = this.#pitch;
    const codes = this.codes;
    const [lowest, highest] = this.#limits;
    const [values = 0, made = 0, errors = 0, places = 0] = this.#at;
    const apart = 4 * pitch;
    const [from, to] = [values + 4 * at, made + at];
    const sum = kernel.roundRow(from, apart, to, pitch, errors, length, scale, zero, lowest, highest);
    const step = Math.sign(sum);
    let wanted = Math.ceil(Math.abs(sum) - 0.5);
    if (wanted <= 0) return;
    let upTo = Infinity;
    for (let width = (FIRST_BAND * wanted) / length; wanted > 0 && upTo > 0; width *= NEXT_BAND) {
      const above = Math.max(0, 0.5 - width);
      const found = kernel.between(errors, length, step, above, upTo, places);
      const errorOf = (k: number) => (kernel.doubles[errors / 8 + k] as number) * step;
      const positions = kernel.words.subarray(places / 4, places / 4 + found);
      for (const k of positions.sort((a, b) => errorOf(b) - errorOf(a) || a - b)) {
        const code = (codes[k * pitch + at] as number) + step;
        if (code < lowest || code > highest) continue;
        if (paired && (k ^ 1) < length && !pairFits(code, codes[(k ^ 1) * pitch + at] as number)) continue;
        codes[k * pitch + at] = code;
        wanted--;
        if (wanted === 0) return;
      }
      upTo = above;
    }
  }
}
