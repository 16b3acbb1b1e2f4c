/** Elements of a shape; 1 for a scalar's []. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** "1 × 3 × 224 × 224", with the symbol of a dimension that has one, "?" for one that is open, and "scalar" for none. */
export function dimsText(dims: readonly (number | string | null)[]): string {
  return dims.length === 0 ? "scalar" : dims.map((dim) => dim ?? "?").join(" × ");
}
