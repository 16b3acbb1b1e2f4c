import type { BlockStep } from "../../model/finetuning.ts";

/** A block of every operation that a block has: a convolution, one whose result is added to what it reads, and the rows that a matrix reads. */
export const EVERY_OPERATION: readonly BlockStep[] = [
  { kind: "layer", of: 0, layer: 0, grid: null },
  { kind: "clamp", of: 1, low: 0, high: 6, grid: { scale: 6 / 255, zeroPoint: 0, limits: [0, 255] } },
  { kind: "layer", of: 2, layer: 1, grid: null },
  { kind: "add", of: 3, and: 2, grid: null },
  { kind: "mean", of: 4, grid: null },
  { kind: "rows", of: 5, grid: null },
  { kind: "layer", of: 6, layer: 2, grid: null },
];
