import type { Port } from "../model/tensor.ts";

/**
 * How many classes the scores of a model are of, by its outputs: the first of float32 with one axis longer than 1, as
 * evaluation finds it in tensors. 0 where there is none; null where the shapes do not say. An open first dimension is the batch.
 */
export function classesOf(outputs: readonly Port[]): number | null {
  for (const { type, dims } of outputs) {
    if (type !== "float32") continue;
    const sizes = dims.map((dim, axis) => (typeof dim === "number" ? dim : axis === 0 ? 1 : null));
    if (sizes.includes(null)) return null;
    const [classes, ...others] = sizes.filter((size) => size! > 1);
    if (classes && others.length === 0) return classes;
  }
  return 0;
}
