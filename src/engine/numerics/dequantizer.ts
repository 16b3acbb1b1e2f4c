import type { WeightCodes } from "../values/codes.ts";
import { weightKernel } from "./kernel/weightKernel.ts";

/** Values that the kernel is given at once. */
const AT_ONCE = 1 << 16;

/**
 * Works out (q - zero point) * scale in float32, in WebAssembly (kernel/assembly/weights.ts): of codes that each have a scale of their own, or
 * share one.
 */
export class Dequantizer {
  readonly #kernel = weightKernel();
  readonly #codes: WeightCodes;
  readonly #bytes: Uint8Array;
  readonly #scales: Float32Array;
  readonly #zeroPoints: WeightCodes | null;
  readonly #values: Float32Array;
  readonly #places: readonly number[];

  constructor(codes: WeightCodes, scales: Float32Array, zeroPoints: WeightCodes | null, values: Float32Array) {
    this.#codes = codes;
    this.#bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
    this.#scales = scales;
    this.#zeroPoints = zeroPoints;
    this.#values = values;
    this.#places = this.#kernel.place(AT_ONCE, 4 * AT_ONCE, 4 * AT_ONCE, 4 * AT_ONCE);
  }

  /** Of so many codes from a place on, with the scales from a place on. */
  each(from: number, count: number, scale: number): void {
    const [codes = 0, scales = 0, zeros = 0, values = 0] = this.#places;
    const { bytes, floats } = this.#kernel;
    for (let done = 0; done < count; done += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - done);
      const [first, at] = [from + done, scale + done];
      bytes.set(this.#bytes.subarray(first, first + size), codes);
      floats.set(this.#scales.subarray(at, at + size), scales / 4);
      if (this.#zeroPoints) floats.set(this.#zeroPoints.subarray(at, at + size), zeros / 4);
      else floats.fill(0, zeros / 4, zeros / 4 + size);
      this.#kernel.dequantizeEach(codes, scales, zeros, values, size, this.#isSigned);
      this.#values.set(floats.subarray(values / 4, values / 4 + size), first);
    }
  }

  /** Of so many codes from a place on, which share the scale of a place. */
  run(from: number, count: number, scale: number): void {
    const [codes = 0, , , values = 0] = this.#places;
    const { bytes, floats } = this.#kernel;
    const zero = this.#zeroPoints ? (this.#zeroPoints[scale] as number) : 0;
    for (let done = 0; done < count; done += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - done);
      const first = from + done;
      bytes.set(this.#bytes.subarray(first, first + size), codes);
      this.#kernel.dequantizeRun(codes, values, size, this.#isSigned, this.#scales[scale] as number, zero);
      this.#values.set(floats.subarray(values / 4, values / 4 + size), first);
    }
  }

  get #isSigned(): boolean {
    return this.#codes instanceof Int8Array;
  }
}
