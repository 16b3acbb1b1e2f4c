import { WEIGHT_KERNEL } from "./weightsBinary.ts";

/** Where what was found lies, and from where on what a caller places does, in bytes. */
const FOUND = 64;
const FIRST = 128;
const PAGE = 1 << 16;
const ALIGNMENT = 16;

interface Exports {
  readonly memory: WebAssembly.Memory;
  fit(
    values: number,
    blocks: number,
    count: number,
    along: number,
    between: number,
    scratch: number,
    weights: number,
    scales: number,
    zeros: number,
    lowest: number,
    highest: number,
    shares: number,
    shareCount: number,
    square: number,
  ): void;
  quantizeEach(
    values: number,
    scales: number,
    zeros: number,
    codes: number,
    n: number,
    lowest: number,
    highest: number,
  ): void;
  quantizeRuns(
    values: number,
    scales: number,
    zeros: number,
    codes: number,
    runs: number,
    n: number,
    lowest: number,
    highest: number,
  ): void;
  roundRow(
    values: number,
    apart: number,
    codes: number,
    codesApart: number,
    errors: number,
    n: number,
    scale: number,
    zero: number,
    lowest: number,
    highest: number,
  ): number;
  between(errors: number, n: number, step: number, above: number, upTo: number, places: number): number;
  magnitude(values: number, n: number): number;
  magnitudes(values: number, largest: number, n: number): void;
  halve(values: number, bits: number, n: number): void;
  losses(values: number, n: number): void;
  dequantizeEach(codes: number, scales: number, zeros: number, values: number, n: number, isSigned: boolean): void;
  dequantizeRun(codes: number, values: number, n: number, isSigned: boolean, scale: number, zero: number): void;
  compareEach(
    weights: number,
    values: number,
    n: number,
    lows: number,
    highs: number,
    energies: number,
    errors: number,
  ): void;
  compareRun(
    weights: number,
    values: number,
    n: number,
    lows: number,
    highs: number,
    energies: number,
    errors: number,
  ): void;
}

/**
 * The loops over weights, in WebAssembly SIMD (assembly/weights.ts), and the memory that they work in. Addresses are in bytes; what
 * lies there is whatever the last caller placed.
 */
export interface WeightKernel extends Omit<Exports, "memory"> {
  /** Room of so many bytes each, with room for a few more behind; what was there before is no longer. */
  place(...sizes: readonly number[]): number[];
  readonly bytes: Uint8Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly words: Int32Array;
  /** What `losses` found, in words. */
  readonly found: Int32Array;
}

let kernel: WeightKernel | null = null;

/** The kernel of this thread. */
export function weightKernel(): WeightKernel {
  kernel ??= instantiate();
  return kernel;
}

function instantiate(): WeightKernel {
  const code = Uint8Array.from(atob(WEIGHT_KERNEL), (letter) => letter.charCodeAt(0));
  const exports = new WebAssembly.Instance(new WebAssembly.Module(code)).exports as unknown as Exports;
  const { memory } = exports;
  memory.grow(1);
  const views = () => {
    const { buffer } = memory;
    return {
      bytes: new Uint8Array(buffer),
      floats: new Float32Array(buffer),
      doubles: new Float64Array(buffer),
      words: new Int32Array(buffer),
      found: new Int32Array(buffer, FOUND, 4),
    };
  };
  const made = {
    ...exports,
    ...views(),
    place(...sizes: readonly number[]): number[] {
      let next = FIRST;
      const places = sizes.map((size) => {
        const at = next;
        next += Math.ceil(size / ALIGNMENT + 1) * ALIGNMENT;
        return at;
      });
      const missing = next - memory.buffer.byteLength;
      if (missing > 0) {
        memory.grow(Math.ceil(missing / PAGE));
        Object.assign(made, views());
      }
      return places;
    },
  };
  return made;
}
