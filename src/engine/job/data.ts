import { type OpenDataset, openDataset } from "../data/dataset.ts";
import type { Decoders } from "../data/decode.ts";
import { scanFiles } from "../data/scan.ts";
import type { DataFile, DataSummary, ModelInputs } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";

/**
 * Opens data for a model's inputs; what is neither given nor held is filled by what it means, where it means something. `labels` are the only ones that
 * count when they are given; else label files among the data do. Throws InputError.
 */
export async function openData(
  model: ModelInputs,
  files: readonly DataFile[],
  preprocess: Preprocess | Preset | null,
  decoders: Decoders,
  labels: DataFile | null = null,
): Promise<OpenDataset> {
  const all = labels ? [...(await withoutLabels(files)), await checkedLabels(labels)] : files;
  return openDataset(all, { inputs: { open: model.open, held: model.held }, preprocess, decoders });
}

async function withoutLabels(files: readonly DataFile[]): Promise<readonly DataFile[]> {
  const { labels } = await scanFiles(files);
  const paths = new Set([...labels.tables, ...labels.arrays.map(({ file }) => file)].map(({ path }) => path));
  return files.filter(({ path, input }) => input !== undefined || !paths.has(path));
}

async function checkedLabels(file: DataFile): Promise<DataFile> {
  const { labels } = await scanFiles([file]);
  if (labels.tables.length + labels.arrays.length === 1) return file;
  throw new InputError(
    `${file.path} holds no labels; give a .csv file with rows of file,label, or an IDX file of labels.`,
  );
}

export function summarizeData(dataset: OpenDataset): DataSummary {
  return {
    samples: dataset.length,
    labelled: dataset.labels?.filter((label) => label !== null).length ?? 0,
    files: dataset.files,
    kind: dataset.kind,
    preprocess: dataset.preprocess,
    assumed: dataset.assumed,
    notices: dataset.notices,
  };
}

export type { OpenDataset } from "../data/dataset.ts";
export { previewSample } from "../data/preview.ts";
