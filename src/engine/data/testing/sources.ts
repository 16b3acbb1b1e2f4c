import type { Dataset } from "../../model/dataset.ts";

/** Where all samples are from, in their order. */
export function sourcesOf({ length, sourceOf }: Pick<Dataset, "length" | "sourceOf">): string[] {
  return Array.from({ length }, (_, index) => sourceOf(index));
}
