import type { ActivationScheme, Range } from "../../model/range.ts";
import type { Density } from "../density.ts";
import { searchRange } from "./search.ts";

/** Similarities that differ by less are rounding, and the first of them, min-max, is as good. */
const NOISE = 1e-12;

/**
 * The range at which the values and their quantized values have the largest cosine similarity. It is blind to a common
 * factor, so that a constant keeps min-max.
 */
export function cosineRange(density: Density, scheme: ActivationScheme): Range {
  return searchRange(density, scheme, ({ energy, product, quantizedEnergy }) =>
    quantizedEnergy === 0 ? Infinity : Math.max(NOISE, 1 - product / Math.sqrt(energy * quantizedEnergy)),
  );
}
