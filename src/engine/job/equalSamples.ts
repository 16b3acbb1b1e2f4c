import type { Notice } from "../model/job.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import { plural } from "../values/figures.ts";

/**
 * Warns of samples that all seem to be the same one: every tensor has the same extremes in each, and every count of its
 * histogram is a multiple of their number.
 */
export function equalSamples(statistics: Statistics, observed: number, subject: string): Notice[] {
  const seen = [...statistics.values()].filter(({ finite }) => finite > 0);
  if (observed < 2 || seen.length === 0 || !seen.every((tensor) => isRepeated(tensor, observed))) return [];
  const message = `All ${plural(observed, "sample")} seem to be the same: each gives every tensor the same extremes and the same values as often. Ranges learned from one sample clip what others hold; add samples that differ.`;
  return [{ kind: "warning", subject, message }];
}

function isRepeated({ finite, zeros, octaves, samples }: TensorStatistics, times: number): boolean {
  const { min, max } = samples;
  return (
    min.length === times &&
    min.every((value) => value === min[0]) &&
    max.every((value) => value === max[0]) &&
    [finite, zeros, ...octaves.flatMap(({ counts }) => [...counts])].every((count) => count % times === 0)
  );
}
