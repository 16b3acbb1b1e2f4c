import { type OpenDataset, openDataset } from "../data/dataset.ts";
import type { Decoders } from "../data/decode.ts";
import { inputSources } from "../data/given.ts";
import { classesOf, type DataFile, type DataSummary, type InputSource, type ModelInputs } from "../model/dataset.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";

/**
 * Opens data for a model's inputs; what is neither given nor held is filled by what it means, where it means something. `labels` are the only ones that
 * count when they are given; else label files among the data do. `seed` is that of the samples' order, which null leaves as that of their paths.
 * Throws InputError.
 */
export function openData(
  model: ModelInputs,
  files: readonly DataFile[],
  preprocess: Preprocess | Preset | null,
  decoders: Decoders,
  labels: DataFile | null = null,
  seed: number | null = null,
): Promise<OpenDataset> {
  const inputs = { open: model.open, held: model.held, classes: model.classes ?? null };
  return openDataset(files, { inputs, preprocess, decoders, seed, ...(labels && { labels }) });
}

export function summarizeData(dataset: OpenDataset): DataSummary {
  return {
    samples: dataset.length,
    labelled: dataset.labels?.flatMap(classesOf).length ?? 0,
    files: dataset.files,
    folders: dataset.folders,
    kind: dataset.kind,
    inputs: dataset.inputs,
    preprocess: dataset.preprocess,
    assumed: dataset.assumed,
    notices: dataset.notices,
  };
}

/** Where a model's inputs get their values while there is no data. */
export function sourcesWithoutData({ open, held }: ModelInputs): readonly InputSource[] {
  return inputSources({ open, held }, []);
}

export type { OpenDataset } from "../data/dataset.ts";
export { previewSample } from "../data/preview.ts";
