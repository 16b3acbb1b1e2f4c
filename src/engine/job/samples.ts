import type { Dataset, Sample } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { OpenDataset } from "./data.ts";

/** The first sample of skip..skip+samples that can be read. Throws InputError when there is none. */
export async function firstReadable(dataset: Dataset, skip: number, samples: number): Promise<Sample> {
  const end = Math.min(skip + samples, dataset.length);
  if (skip >= end) {
    throw new InputError(
      `The data has ${dataset.length} samples, so none is left after the first ${skip}; add data or ask for fewer.`,
    );
  }
  let failure: InputError | null = null;
  for (let index = skip; index < end; index++) {
    try {
      return await dataset.get(index);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      failure ??= error;
    }
  }
  throw new InputError(`Not one of ${end - skip} samples could be read; the first: ${failure?.message}`);
}

/** The samples of 0..count that can be read, one after the other. Throws InputError when there is none. */
export async function* readableSamples(
  dataset: Dataset,
  count: number,
): AsyncGenerator<{ readonly done: number; readonly sample: Sample }> {
  await firstReadable(dataset, 0, count);
  for (let done = 0; done < Math.min(count, dataset.length); done++) {
    const sample = await readOrNull(dataset, done);
    if (sample) yield { done, sample };
  }
}

/** Null where it cannot be read. */
export async function readOrNull(dataset: Dataset, index: number): Promise<Sample | null> {
  try {
    return await dataset.get(index);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return null;
  }
}

/** The larger half of the first samples; where these are steps, as many as end with the sequence nearest to it, if there is one. */
export function halfOf(end: number, { sequences }: OpenDataset): number {
  const half = Math.ceil(end / 2);
  for (let far = 0; sequences && far < half; far++) {
    for (const at of [half + far, half - far]) if (at > 0 && at < end && sequences.startOf(at) === at) return at;
  }
  return half;
}
