import type { Dataset, Sample } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";

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
