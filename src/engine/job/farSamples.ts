import type { Dataset } from "../model/dataset.ts";
import type { Notice } from "../model/job.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import { plural, significant } from "../values/figures.ts";

/** What is seen of two samples does not tell which of them is odd. */
const SAMPLES = 3;
/** The part of all samples that may be far from the rest and still be the odd ones. */
const FEW = 1 / 10;
/** An input reaches so many times as far as the rest of the samples. */
const FAR = 100;
/** An activation reaches so far besides, where inputs do not tell: a probability of 1 among those of 1e-9 is none. */
const FAR_ACTIVATION = 1e6;
const NAMED = 3;

/**
 * Warns of the few samples that reach a hundred times as far as all others: in the first input that they are far in, else
 * in the first activation beyond 1e6.
 */
export function farSamples(
  statistics: Statistics,
  inputs: ReadonlySet<string>,
  sourceOf: Dataset["sourceOf"],
): Notice[] {
  const sees = ([name, seen]: [string, TensorStatistics], least: number): Notice[] => {
    const far = farOf(seen, least);
    return far ? [{ kind: "warning", subject: name, message: message(name, far, sourceOf) }] : [];
  };
  const tensors = [...statistics];
  const found = tensors.filter(([name]) => inputs.has(name)).flatMap((tensor) => sees(tensor, 0));
  if (found.length > 0) return found;
  return tensors
    .filter(([name]) => !inputs.has(name))
    .flatMap((tensor) => sees(tensor, FAR_ACTIVATION))
    .slice(0, 1);
}

interface Far {
  readonly indices: readonly number[];
  readonly reach: number;
  readonly others: number;
  readonly rest: number;
}

function farOf({ samples: { index, min, max } }: TensorStatistics, least: number): Far | null {
  if (index.length < SAMPLES) return null;
  const reaches = index
    .map((sample, i) => ({ sample, reach: Math.max(-(min[i] as number), max[i] as number) }))
    .sort((a, b) => b.reach - a.reach);
  const few = Math.max(1, Math.floor(index.length * FEW));
  for (let size = 1; size <= few; size++) {
    const [last, next] = [reaches[size - 1]!.reach, reaches[size]!.reach];
    if (!(next > 0 && last > FAR * next && last >= least)) continue;
    const indices = reaches
      .slice(0, size)
      .map(({ sample }) => sample)
      .sort((a, b) => a - b);
    return { indices, reach: reaches[0]!.reach, others: index.length - size, rest: next };
  }
  return null;
}

function message(tensor: string, { indices, reach, others, rest }: Far, sourceOf: Dataset["sourceOf"]): string {
  const named = indices.slice(0, NAMED).map(sourceOf);
  const more = indices.length - named.length;
  const who = `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const reaches = indices.length === 1 ? "reaches" : "reach";
  return `${who} ${reaches} ${significant(reach)} in ${tensor}, where the other ${plural(others, "sample")} reach ${significant(rest)} at most: a range that follows leaves next to no codes for the rest; mend or leave out ${indices.length === 1 ? "that sample" : "those samples"}.`;
}
