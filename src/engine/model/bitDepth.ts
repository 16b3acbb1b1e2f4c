import type { Affine } from "./range.ts";

/** Values at a bit depth: uniform steps over all that they reach, zero among them. */
export interface BitDepth extends Affine {
  /** What the codes stand for, as many as the values. */
  readonly quantized: Float32Array;
  /** Codes there are: 2^bits. */
  readonly levels: number;
  /** Measured on these values, dB; Infinity when nothing is lost, NaN when all are zero. */
  readonly sqnr: number;
}
