import type { SampleLabel, SampleLabels } from "../../model/dataset.ts";

/** Labels as a list; null where there are none. */
export function listOf(labels: SampleLabels | null): readonly SampleLabel[] | null {
  return labels && Array.from({ length: labels.length }, (_, index) => labels.at(index)!);
}
