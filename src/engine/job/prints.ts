import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import type { Recipe } from "../model/recipe.ts";

/** The samples of a dataset, and what tells those that were read from others. */
export interface Printing {
  readonly dataset: Dataset;
  /** The prints of samples, in their order; null where one is not known. */
  of(samples: readonly number[]): Recipe["prints"];
  /** Those of all that were read; null where none was. */
  readonly all: Recipe["prints"];
}

/** Notes the prints of samples as they are read; `before` knows those of samples that were. */
export function printing(dataset: Dataset, before: Pick<Calibration, "observed" | "prints"> | null): Printing {
  const known = new Map<number, string>();
  const text = before?.prints ?? "";
  const each = text.length / Math.max(1, before?.observed.length ?? 0);
  for (const [i, sample] of (text === "" ? [] : before!.observed).entries())
    known.set(sample, text.slice(i * each, (i + 1) * each));
  return {
    dataset: {
      ...{ length: dataset.length, labels: dataset.labels, notices: dataset.notices },
      ...(dataset.sequences && { sequences: dataset.sequences }),
      sourceOf: (index) => dataset.sourceOf(index),
      async get(index) {
        const sample = await dataset.get(index);
        const print = await dataset.print?.(index);
        if (print !== undefined) known.set(index, print);
        return sample;
      },
    },
    of(samples) {
      const prints = samples.map((sample) => known.get(sample));
      return prints.includes(undefined) ? null : prints.join("");
    },
    get all() {
      return known.size > 0 ? [...known.values()].join("") : null;
    },
  };
}
