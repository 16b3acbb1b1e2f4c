import { type OpenDataset, openDataset } from "../data/dataset.ts";
import type { Decoders } from "../data/decode.ts";
import { inputSources } from "../data/given.ts";
import type { StateRunner } from "../data/states.ts";
import { classesIn, type DataFile, type DataSummary, type InputSource, type ModelInputs } from "../model/dataset.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";

/**
 * Opens data for a model's inputs; what is neither given nor held is filled by what it means, where it means something. `labels` are the only ones that
 * count when they are given; else label files among the data do. `seed` is that of the samples' order, which null leaves as that of their paths;
 * `runner` runs the float model where inputs carry a state. Throws InputError.
 */
export function openData(
  model: ModelInputs,
  files: readonly DataFile[],
  preprocess: Preprocess | Preset | null,
  decoders: Decoders,
  labels: DataFile | null = null,
  seed: number | null = null,
  runner: StateRunner | null = null,
): Promise<OpenDataset> {
  const { open, held, states = [], outputs = [], classes = null } = model;
  const inputs = { open, held, states, outputs, classes };
  const given = { ...(labels && { labels }), ...(runner && { runner }) };
  return openDataset(files, { inputs, preprocess, decoders, seed, ...given });
}

/** How many labels there are, of each row of a batch. */
function labelledIn({ labels }: OpenDataset): number {
  let labelled = 0;
  for (const _ of classesIn(labels)) labelled++;
  return labelled;
}

export function summarizeData(dataset: OpenDataset): DataSummary {
  return {
    samples: dataset.length,
    labelled: labelledIn(dataset),
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
export function sourcesWithoutData(model: ModelInputs): readonly InputSource[] {
  return inputSources(model, []);
}

export type { OpenDataset } from "../data/dataset.ts";
export { previewSample } from "../data/preview.ts";
