import type { Advice } from "../engine/model/advice.ts";
import type { Calibration } from "../engine/model/calibration.ts";
import type { DataFile, DataSummary } from "../engine/model/dataset.ts";
import type { Drift } from "../engine/model/drift.ts";
import type { Evaluation } from "../engine/model/evaluation.ts";
import type { Notice, Progress } from "../engine/model/job.ts";
import type { Preprocess, Preset } from "../engine/model/preprocess.ts";
import type { QuantizedBeside } from "../engine/model/quantizedFile.ts";
import type { Recipe } from "../engine/model/recipe.ts";
import type { Refinement } from "../engine/model/refinement.ts";
import type { Runtime } from "../engine/model/runtime.ts";
import type { Sensitivity } from "../engine/model/sensitivity.ts";
import type { ModelSummary } from "../engine/model/summary.ts";
import type { TargetName } from "../engine/model/target.ts";

/** How a job tells how far it is, and is cancelled: it then rejects with the signal's reason and changes nothing. */
export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface OpenOptions extends JobOptions {
  /** Where models run; ONNX Runtime's own where it is left out. */
  readonly runtime?: Runtime;
  /** Dimensions of dynamic inputs, by input. */
  readonly shapes?: Recipe["inputs"]["shapes"];
  /** Inputs that are held at one value. */
  readonly values?: Recipe["inputs"]["values"];
  /** What becomes of the layers of a model that are in integers already: kept so by default, or folded back to float32. */
  readonly quantized?: "keep" | "fold";
  /** Inputs that carry a state along a sequence, each with the output that feeds it at the next step. */
  readonly state?: Recipe["inputs"]["state"];
  /** The text of a recipe, as `export` writes it: the settings to begin with, and what was learned of these. */
  readonly recipe?: string;
  /** The text of a calibration cache, as `export` writes it: what `calibrate` saw, in place of calling it. */
  readonly calibration?: string;
}

/** A model in memory. `readBeside` reads files that it names as holding its weights, null for one that there is not. */
export interface ModelBytes {
  readonly name: string;
  readonly bytes: Uint8Array | ArrayBuffer;
  readonly readBeside?: (path: string) => Promise<Uint8Array | null>;
}

/** What is chosen in a recipe, as docs/schemas/recipe.schema.json has it. */
export type Choices = Partial<
  Pick<
    Recipe,
    | "target"
    | "activations"
    | "weights"
    | "corrections"
    | "method"
    | "methods"
    | "ranges"
    | "format"
    | "ends"
    | "float"
    | "elementwise"
    | "seed"
  >
>;

export interface WrittenFile {
  readonly name: string;
  /** Its bytes, in parts: `writeFile` of Node and `new Blob` of a page take them as they are. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
}

export interface Result extends WrittenFile {
  /** What running the model once, and quantizing it, had to say. */
  readonly notices: readonly Notice[];
}

/**
 * A model, its data and its recipe. `Data` is what holds samples here: paths in Node, files in a page. One job runs at a
 * time. What a person can mend rejects with InputError, a sentence to be shown as it is.
 */
export interface Project<Data> {
  /** What runs the models: "onnxruntime-node 1.30.0, CPU" and the like. */
  readonly runtime: string;
  /** The model under the recipe: its layers, which of them are quantized, and why the others are not. */
  readonly summary: ModelSummary;
  readonly recipe: Recipe;
  /** Changes settings of the recipe, a target with what it sets before the others; what was derived from others is derived anew by the next job that needs it. */
  change(choices: Choices): void;
  /** Takes samples, and labels where they lie apart, in place of those there are. */
  useData(
    data: Data,
    options?: { readonly preprocess?: Preprocess | Preset; readonly labels?: Data },
  ): Promise<DataSummary>;
  /**
   * Which recipe is right for the model on a target, the recipe's own by default, each choice with its reason (docs/advice.md): by what is measured on the first
   * samples, 100 by default and at most, where there is data, half of which teach and the others judge; else by graph and weights alone. The recipe stays as it is: `change` takes the
   * settings of an option.
   */
  advise(options?: JobOptions & { readonly target?: TargetName; readonly samples?: number }): Promise<Advice>;
  /** Calibrates on the first samples, all by default, and learns what else the recipe asks for. */
  calibrate(options?: JobOptions & { readonly samples?: number }): Promise<Calibration>;
  /** The quantized model, once it has loaded and run. */
  quantize(options?: JobOptions): Promise<Result>;
  /** What each layer costs the outputs, on the first samples, 16 by default. */
  sensitivity(options?: JobOptions & { readonly samples?: number }): Promise<Sensitivity>;
  /**
   * What scales of blocks gain by being found by least error, without data, over those of each block's largest weights: SQNR of the weights, in dB. Rejects with
   * InputError where none are found so.
   */
  refinement(options?: JobOptions): Promise<Refinement>;
  /**
   * Float against the very bytes that `quantize` gives, on `samples` samples from `skip` on, all by default: those of the
   * project, or of `data` and `labels` where these are given. `maxDrop` is the drop of top-1 that passes, in points, or without
   * labels the rise of perplexity, in percent: 1 by default.
   * Where it is given and there is nothing to hold it against, rejects with InputError.
   */
  evaluate(
    options?: JobOptions & {
      readonly data?: Data;
      readonly labels?: Data;
      readonly skip?: number;
      readonly samples?: number;
      readonly maxDrop?: number;
    },
  ): Promise<Evaluation>;
  /**
   * What a file that any tool quantized of this model holds: its layers with scales, ranges and codes, which layer of the model each is, and the
   * recipe that it was made by, as far as the file tells it (docs/inspecting.md). Rejects with InputError for a file of another model.
   */
  readQuantized(file: ModelBytes, options?: JobOptions): Promise<QuantizedBeside>;
  /**
   * How new data differs from that which calibrated, here or in the calibration that the project was opened with, and whether that still holds
   * (docs/drift.md): `samples` samples of `data` from `skip` on, all by default. Rejects with InputError where some of them calibrated.
   */
  drift(
    options: JobOptions & { readonly data: Data; readonly skip?: number; readonly samples?: number },
  ): Promise<Drift>;
  /**
   * Every file of the job (docs/formats.md), with the last evaluation in the report where it is of these bytes; with `passphrase` all but models are encrypted
   * (docs/encryption.md), which `decrypt` undoes.
   */
  export(
    options?: JobOptions & { readonly passphrase?: string },
  ): Promise<{ readonly files: readonly WrittenFile[]; readonly notices: readonly Notice[] }>;
}

export type { DataFile };
