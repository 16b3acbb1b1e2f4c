import type { GroupFigures, TensorAnalysis, WeightAnalysis } from "../src/engine/model/analysis.ts";
import type { Calibration } from "../src/engine/model/calibration.ts";
import type { DataSummary, SamplePreview } from "../src/engine/model/dataset.ts";
import type { Evaluation } from "../src/engine/model/evaluation.ts";
import type { Progress } from "../src/engine/model/job.ts";
import type { Preprocess, Preset } from "../src/engine/model/preprocess.ts";
import type { ClipFigures, Range } from "../src/engine/model/range.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import type { Statistics } from "../src/engine/model/statistics.ts";
import type { ModelSummary } from "../src/engine/model/summary.ts";
import type { Port } from "../src/engine/model/tensor.ts";

/** A dropped or chosen file with its path below the folder it came from. */
export interface PathFile {
  readonly path: string;
  readonly file: File;
}

export type { Calibration };

export interface ExportedFile {
  readonly name: string;
  readonly size: number;
}

export type OnProgress = (progress: Progress) => void;

/**
 * The worker that runs jobs. It holds one model and one set of data. Errors it rejects with are InputError
 * (shown as they are), AbortError (cancelled), or unexpected. One job at a time; `cancel` ends the running one.
 */
export interface EngineApi {
  /** The inputs of a model that need not be open. */
  inputs(file: Blob, fileName: string): Promise<readonly Port[]>;
  /**
   * Decodes, checks and prepares a model; the model open before stays open when this fails. `beside` are the files
   * it may keep weights in: those it names are read, found by the end of their path.
   */
  open(
    file: Blob,
    fileName: string,
    beside: readonly PathFile[],
    inputs: Recipe["inputs"],
    onProgress: OnProgress,
  ): Promise<ModelSummary>;
  /** The default recipe of the open model. */
  defaultRecipe(): Promise<Recipe>;
  /** The summary under another recipe: what stays in float, and which tensors share a range. */
  plan(recipe: Recipe): Promise<ModelSummary>;
  /** Takes data and labels, told apart by their content; `preprocess` null lets the engine choose. */
  setData(files: readonly PathFile[], preprocess: Preprocess | null): Promise<DataSummary>;
  /** A preset fitted to the open model and data; rejects when it does not suit them. */
  preset(preset: Preset): Promise<Preprocess>;
  preview(index: number, preprocess: Preprocess | null): Promise<SamplePreview>;
  /** Watches the first `samples` samples; continues from `resume`. `onCheckpoint` brings the state every few seconds. */
  calibrate(
    samples: number,
    preprocess: Preprocess | null,
    resume: Calibration | null,
    onProgress: OnProgress,
    onCheckpoint: (calibration: Calibration) => void,
  ): Promise<Calibration>;
  /** Settles every range of the recipe, by running "auto" where asked. */
  resolve(recipe: Recipe, calibration: Calibration, onProgress: OnProgress): Promise<Recipe>;
  weights(name: string, recipe: Recipe): Promise<WeightAnalysis>;
  /** Float against the exact bytes that `exportFiles` gives, on samples skip..skip+samples. `limit` is a share. */
  evaluate(
    recipe: Recipe,
    range: { readonly skip: number; readonly samples: number },
    limit: number,
    onProgress: OnProgress,
  ): Promise<Evaluation>;
  /** All files of the job as one zip, and what is in it. */
  exportFiles(
    recipe: Recipe,
    calibration: Calibration,
    evaluation: Evaluation | null,
    onProgress: OnProgress,
  ): Promise<{ readonly zip: Blob; readonly zipName: string; readonly files: readonly ExportedFile[] }>;
  /** Reads a recipe or a calibration cache that was dropped in. */
  importJson(
    text: string,
    fileName: string,
  ): Promise<{ readonly recipe: Recipe } | { readonly calibration: Calibration }>;
  cancel(): Promise<void>;
}

/** The worker that answers about statistics within a frame, whatever the other one is doing. */
export interface AnalysisApi {
  load(summary: ModelSummary, statistics: Statistics): Promise<void>;
  overview(recipe: Recipe): Promise<readonly GroupFigures[]>;
  /** `window` is the interval the histogram is drawn over; null takes min..max. */
  analyse(group: string, recipe: Recipe, window: Range | null): Promise<TensorAnalysis>;
  estimate(group: string, recipe: Recipe, range: Range): Promise<ClipFigures>;
}
