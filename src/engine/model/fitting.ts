import type { WeightCodes, WeightType } from "../values/codes.ts";

/** Blocks of a weight, or of a part of one, whose scales are to be found by least error (numerics/blockScales.ts). */
export interface BlocksToFit {
  /** Row-major. */
  readonly values: Float32Array;
  /** Blocks of `size` values lie along the middle one of three axes. */
  readonly layout: {
    readonly outer: number;
    readonly length: number;
    readonly inner: number;
    readonly size: number;
  };
  readonly type: WeightType;
  /** How much each value along that axis counts; null where all count the same. */
  readonly importance: Float64Array | null;
}

export interface FittedBlocks {
  /** One float32 scale a block, at least SCALE_FLOOR. */
  readonly scales: Float32Array;
  /** One a block; null where all are 0. */
  readonly zeroPoints: WeightCodes | null;
  /** Blocks whose scale was raised to SCALE_FLOOR: all zero, or vanishing. */
  readonly dead: readonly number[];
}

/** A thread that finds scales beside the one that asks. */
export interface Fitter {
  /** Its values are handed over: they are no longer the caller's. Rejects with WorkerDied where the thread ends first. */
  fit(blocks: BlocksToFit): Promise<FittedBlocks>;
}

/** Starts threads for some work, and ends them with it. */
export type WithFitters = <T>(work: (fitters: readonly Fitter[]) => Promise<T>) => Promise<T>;
