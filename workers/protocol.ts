import type { Advice } from "../src/engine/model/advice.ts";
import type { GroupFigures, SeenValues, TensorAnalysis, WeightAnalysis } from "../src/engine/model/analysis.ts";
import type { BitDepth } from "../src/engine/model/bitDepth.ts";
import type { Calibration, Execution } from "../src/engine/model/calibration.ts";
import type { CodeRequest, CodeSearch } from "../src/engine/model/codeSearch.ts";
import type { Diagnosis } from "../src/engine/model/culprit.ts";
import type { DataSummary, InputSource, SamplePreview } from "../src/engine/model/dataset.ts";
import type { Drift } from "../src/engine/model/drift.ts";
import type { Evaluation, Probe } from "../src/engine/model/evaluation.ts";
import type { FamilySummary } from "../src/engine/model/family.ts";
import type { FineTuneRequest, FineTuning } from "../src/engine/model/finetuning.ts";
import type { Notice, Progress } from "../src/engine/model/job.ts";
import type { LayerTimes } from "../src/engine/model/latency.ts";
import type { BesideGraph, NodeDetail, WrittenGraph } from "../src/engine/model/modelGraph.ts";
import type { Prediction } from "../src/engine/model/prediction.ts";
import type { Preprocess, Preset } from "../src/engine/model/preprocess.ts";
import type { PreprocessFinding } from "../src/engine/model/preprocessFinding.ts";
import type { FileKind, FileWalk, QuantizedBeside, QuantizedFile } from "../src/engine/model/quantizedFile.ts";
import type { ActivationScheme, ClipFigures, Range } from "../src/engine/model/range.ts";
import type { GivenInputs, Recipe, RecipePart } from "../src/engine/model/recipe.ts";
import type { Refinement } from "../src/engine/model/refinement.ts";
import type { LossPoint, Rounding, RoundingRequest } from "../src/engine/model/rounding.ts";
import type { ErrorWalk, Sensitivity } from "../src/engine/model/sensitivity.ts";
import type { SpeedTrial } from "../src/engine/model/speed.ts";
import type { Statistics } from "../src/engine/model/statistics.ts";
import type { ModelSummary } from "../src/engine/model/summary.ts";
import type { TargetName } from "../src/engine/model/target.ts";
import type { TargetFit } from "../src/engine/model/targetFit.ts";
import type { TuneRequest, Tuning } from "../src/engine/model/tuning.ts";
import type { Underway } from "../src/engine/model/underway.ts";
import type { Verification } from "../src/engine/model/verification.ts";
import type { Keeping } from "./leftCalibrations.ts";

export type { Keeping } from "./leftCalibrations.ts";

/** A dropped or chosen file with its path below the folder it came from. */
export interface PathFile {
  readonly path: string;
  readonly file: File;
  /** The model's input that it is for, where the person says so. */
  readonly input?: string;
}

export type { Calibration, Underway };

/** What the worker for estimates reads of a recipe; of `methods` and `ranges` those of the groups that are asked about. */
export type RangePart = RecipePart<"activations" | "method" | "methods" | "ranges">;

/** What decides the summary of a model. */
export type PlanPart = RecipePart<
  | "corrections"
  | "factors"
  | "smoothed"
  | "inputScales"
  | "target"
  | "format"
  | "activations"
  | "wide"
  | "ends"
  | "float"
  | "weights"
  | "elementwise"
  | "unjoined"
  | "spared"
  | "ranges"
  | "methods"
>;

/** What decides the codes of one weight; of `rounding` that of the layers which read it. */
export type WeightPart = RecipePart<
  | (
      | "corrections"
      | "factors"
      | "smoothed"
      | "inputScales"
      | "target"
      | "format"
      | "wide"
      | "float"
      | "weights"
      | "elementwise"
      | "unjoined"
      | "spared"
    )
  | ("rounding" | "codes" | "activations" | "resolved")
>;

/** What decides the values that the float model gives. */
export type ValuesPart = RecipePart<"corrections" | "factors" | "smoothed" | "inputScales" | "preprocess" | "seed">;

/** Which samples there are, and how they are prepared. */
export type SamplesPart = RecipePart<"preprocess" | "seed">;

/** What became of data that was given. */
export interface DataTaken {
  /** Null where an input is left without values: nothing is taken then. */
  readonly summary: DataSummary | null;
  /** Where each input gets its values, or would. */
  readonly sources: readonly InputSource[];
}

/** What was timed, and the recipe of the quickest, which is to be settled again where it is another. */
export interface SpeedChoice {
  readonly recipe: Recipe;
  readonly trial: SpeedTrial;
  /** The runtime, its threads and the machine that it was timed on, in words. */
  readonly on: string;
  /** What is to be said first of it; null where nothing is. */
  readonly notice: Notice | null;
}

/** A file of a result, from memory or where it was written. */
export interface WrittenFile {
  readonly name: string;
  readonly size: number;
  readonly file: Blob;
}

/** What a folder holds of a family. */
export interface FamilyFound {
  readonly parts: readonly string[];
  /** What its library asks for of each. */
  readonly dtypes: readonly string[];
  readonly notices: readonly Notice[];
}

/** A family that was made, as one download. */
export interface FamilyMade {
  readonly summary: FamilySummary;
  readonly zip: Blob;
  readonly zipName: string;
}

export type OnProgress = (progress: Progress) => void;

/**
 * The worker that runs jobs. It holds one model and one set of data. Errors it rejects with are InputError or FileChanged
 * (shown as they are), AbortError (cancelled), or unexpected. One job at a time; `cancel` ends the running one.
 */
export interface EngineApi {
  /**
   * Decodes, checks and prepares a model; the model open before stays open when this fails. `beside` are the files
   * it may keep weights in: those it names are read, found by the end of their path. Weights of a model that is larger than what
   * a tab holds are left in their files: `onLarge` is told its bytes, and those that are held, before any of them is read.
   */
  open(
    file: Blob,
    fileName: string,
    beside: readonly PathFile[],
    inputs: GivenInputs,
    onProgress: OnProgress,
    onLarge: (bytes: number, held: number) => void,
  ): Promise<ModelSummary>;
  /** The default recipe of the open model. */
  defaultRecipe(): Promise<Recipe>;
  /** The summary under another recipe: what stays in float, and which tensors share a range. */
  plan(choices: PlanPart): Promise<ModelSummary>;
  /** How the open model fits every target, each with what choosing it sets. */
  targets(): Promise<readonly TargetFit[]>;
  /** What is right for the open model on a target, by its graph and its weights alone. */
  advise(target: TargetName): Promise<Advice>;
  /** The same by what is measured on the first samples, half of which teach and half of which judge. */
  adviseOn(recipe: Recipe, target: TargetName, onProgress: OnProgress): Promise<Advice>;
  /** Where each input of the open model gets its values. */
  sources(): Promise<readonly InputSource[]>;
  /**
   * Takes data and labels, told apart by their content; a preprocessing of null lets the engine choose.
   */
  setData(files: readonly PathFile[], choices: SamplesPart, onProgress: OnProgress): Promise<DataTaken>;
  /** A preset fitted to the open model and data; rejects when it does not suit them. */
  preset(preset: Preset): Promise<Preprocess>;
  /**
   * Under which preprocessing the float model answers as labelled, or without labels sharpest; null where nothing tells. A job, or
   * `beside` those, to which it gives way: rejects with AbortError when one runs, or when a job or a newer question starts before
   * it has ended.
   */
  findPreprocess(
    choices: SamplesPart,
    samples: number,
    beside: boolean,
    onProgress: OnProgress,
  ): Promise<PreprocessFinding | null>;
  preview(index: number, choices: SamplesPart): Promise<SamplePreview>;
  /**
   * What the float model answers to a sample; null where it gives no class scores. Beside jobs, to which it gives way: rejects
   * with AbortError when one runs, or when a job or a newer question starts before it has ended.
   */
  predict(index: number, choices: SamplesPart): Promise<Prediction | null>;
  /**
   * Watches the first `samples` samples; continues from `resume`. `onCheckpoint` brings the state after the first batch and then every few
   * seconds, once the page has kept the one before. What it saw is stored here instead while the page is being left, as `keeping` says; null
   * stores nothing.
   */
  calibrate(
    choices: ValuesPart,
    samples: number,
    resume: Calibration | null,
    execution: Execution,
    keeping: Keeping | null,
    onProgress: OnProgress,
    onCheckpoint: (calibration: Calibration) => unknown,
  ): Promise<Calibration>;
  /**
   * Does what a recipe still lacks on the first `samples` samples: learns equalization and smoothing, calibrates where the calibration
   * given does not fit, settles the ranges, learns the biases. Goes on from what `resume` came to, as far as it is of the same settings; how
   * far it comes is told, and kept, as of a calibration.
   */
  settle(
    recipe: Recipe,
    samples: number,
    calibration: Calibration | null,
    resume: Underway | null,
    execution: Execution,
    keeping: Keeping | null,
    onProgress: OnProgress,
    onCheckpoint: (underway: Underway) => unknown,
  ): Promise<{ readonly recipe: Recipe; readonly calibration: Calibration }>;
  /** Settles what of the recipe needs no samples: every range, by running "auto" where asked, and analytic biases. */
  resolve(recipe: Recipe, calibration: Calibration, onProgress: OnProgress): Promise<Recipe>;
  /** Times a settled recipe against the float model and against recipes that quantize more or less, in this tab. */
  chooseFastest(recipe: Recipe, calibration: Calibration, onProgress: OnProgress): Promise<SpeedChoice>;
  weights(name: string, choices: WeightPart): Promise<WeightAnalysis>;
  /** What scales of blocks gain by being found by least error, without data; rejects where none are. */
  refinement(recipe: Recipe, onProgress: OnProgress): Promise<Refinement>;
  /** The graph of the model that would be exported. Beside a running job. */
  writtenGraph(recipe: Recipe): Promise<WrittenGraph>;
  /** A node of the float model, of the last `writtenGraph` or of `besideGraph`; null for one inside another's graph. Beside a running job. */
  node(id: string, of: "float" | "written" | "beside", choices: PlanPart): Promise<NodeDetail | null>;
  /**
   * The first `count` values of an activation on one sample, measured by running the float model, equalized where the
   * recipe is. Beside a running job.
   */
  values(tensor: string, sample: number, count: number, choices: ValuesPart): Promise<Float32Array>;
  /**
   * What is wrong under a recipe and what helps, worst first. Beside a running job. A calibration of null stands for the
   * one given before, of which only the statistics of range groups are needed; null when the worker has none.
   */
  diagnose(
    recipe: Recipe,
    calibration: Calibration | null,
    measured: { readonly sensitivity: Sensitivity | null; readonly walk: ErrorWalk | null },
  ): Promise<Diagnosis | null>;
  /**
   * Float against the exact bytes that `exportFiles` gives, on samples skip..skip+samples, with the start and throughput by batch. `limit` is
   * a share.
   */
  evaluate(
    recipe: Recipe,
    range: { readonly skip: number; readonly samples: number },
    limit: number,
    onProgress: OnProgress,
  ): Promise<Evaluation>;
  /**
   * Float against what would be exported, on samples skip..skip+samples, to see what a change did. Beside jobs, to which
   * it gives way: rejects with AbortError when one runs, or when a job or a newer probe starts before it has ended.
   */
  probe(
    recipe: Recipe,
    range: { readonly skip: number; readonly samples: number },
    onProgress: OnProgress,
  ): Promise<Probe>;
  /** What every layer costs the outputs, on the first `samples` samples, or fewer once they rank the layers reliably (`untilSettled`); `onResult` brings what is known so far. */
  sensitivity(
    recipe: Recipe,
    samples: number,
    untilSettled: boolean,
    onProgress: OnProgress,
    onResult: (partial: Sensitivity) => void,
  ): Promise<Sensitivity>;
  /** How long each layer of the model that would be exported takes in this tab. */
  layerTimes(recipe: Recipe, onProgress: OnProgress): Promise<LayerTimes>;
  /** New samples, all of them, beside a calibration, under the ranges of the recipe; what reading them gave stands first of the notices. */
  drift(recipe: Recipe, calibration: Calibration, files: readonly PathFile[], onProgress: OnProgress): Promise<Drift>;
  /** Float against the exported model at every layer's output, over the first `samples` samples. */
  walk(recipe: Recipe, samples: number, onProgress: OnProgress): Promise<ErrorWalk>;
  /**
   * Searches for a smaller model that keeps a limit, on the first samples only; `onPoint` brings what is known after every
   * point. Cancelled after the first point, it resolves with what it has.
   */
  tune(
    recipe: Recipe,
    request: TuneRequest,
    onProgress: OnProgress,
    onPoint: (tuning: Tuning) => void,
  ): Promise<Tuning>;
  /**
   * Learns which weights round up and which down, layer by layer, on the first samples. `onPoint` brings the loss of the
   * layer under way, `onLayer` what is known after each layer: cancelled, it goes on from there when it is the request's `resume`.
   */
  learnRounding(
    recipe: Recipe,
    request: RoundingRequest,
    onProgress: OnProgress,
    onPoint: (layer: string, point: LossPoint) => void,
    onLayer: (partial: Rounding) => void,
  ): Promise<Rounding>;
  /**
   * Tunes codes, scales and biases of layers of 4 bits together, block by block, from learned rounding on. `onPoint` brings the loss of the
   * block under way, by the ids of its layers, `onBlock` what is known after each block: cancelled, it goes on from there when it is the
   * request's `resume`.
   */
  fineTune(
    recipe: Recipe,
    request: FineTuneRequest,
    onProgress: OnProgress,
    onPoint: (layers: readonly string[], point: LossPoint) => void,
    onBlock: (partial: FineTuning) => void,
  ): Promise<FineTuning>;
  /**
   * Finds codes of weights in blocks by GPTQ or AWQ, as the recipe asks, on the first samples. `onFound` brings what is known after each
   * layer, and each tensor that is scaled: cancelled, it goes on from there when it is the request's `resume`.
   */
  findCodes(
    recipe: Recipe,
    request: CodeRequest,
    onProgress: OnProgress,
    onFound: (partial: CodeSearch) => void,
  ): Promise<CodeSearch>;
  /**
   * All files of the job as one zip, once the model in it has run, and what is in it. With a target the zip is written
   * there, part by part; with a passphrase all but models are encrypted.
   */
  exportFiles(
    recipe: Recipe,
    calibration: Calibration,
    evaluation: Evaluation | null,
    tuning: Tuning | null,
    passphrase: string | null,
    onProgress: OnProgress,
    target?: FileSystemFileHandle | null,
  ): Promise<{
    readonly zip: Blob;
    readonly zipName: string;
    /** Each by itself, models first. */
    readonly files: readonly WrittenFile[];
    readonly notices: readonly Notice[];
  }>;
  /**
   * All files of the job on a model that is larger than what a tab holds, each by itself: long ones are in the origin's private file
   * system, until the next are written or the worker ends.
   */
  writeFiles(
    recipe: Recipe,
    calibration: Calibration,
    passphrase: string | null,
    onProgress: OnProgress,
  ): Promise<{ readonly files: readonly WrittenFile[]; readonly notices: readonly Notice[] }>;
  /** A recipe as its file, encrypted where there is a passphrase. */
  recipeFile(recipe: Recipe, name: string, passphrase: string | null): Promise<WrittenFile>;
  /** Reads a recipe or a calibration cache that was dropped in. */
  importJson(
    text: string,
    fileName: string,
  ): Promise<{ readonly recipe: Recipe } | { readonly calibration: Calibration }>;
  /** The files of a result in a zip; null where none is in it. Throws InputError where they are more than a tab holds. */
  resultFiles(archive: PathFile): Promise<readonly PathFile[] | null>;
  /** Whether a file is encrypted, by how it begins. */
  isSealed(file: PathFile): Promise<boolean>;
  /** A file as it was before it was encrypted; null where the passphrase is another. Takes seconds in which no job gets on. */
  unseal(file: PathFile, passphrase: string): Promise<File | null>;
  /**
   * Holds files against the reports among them, and these against their signatures, by a public key as PEM where there is one; of encrypted
   * reports `reports` has what was opened, by the same paths. A job.
   */
  verify(
    files: readonly PathFile[],
    key: { readonly text: string; readonly path: string } | null,
    reports: readonly PathFile[],
    onProgress: OnProgress,
  ): Promise<Verification>;
  /** What a model file is, before it is opened; what is open stays as it is. */
  kindOf(file: Blob, fileName: string, beside: readonly PathFile[]): Promise<FileKind>;
  /** What a file that any tool quantized holds; what is open stays as it is. */
  readQuantized(file: Blob, fileName: string, beside: readonly PathFile[]): Promise<QuantizedFile>;
  /** The same beside the open model, which is then what is compared with: which layer is which, and the recipe that it was made by. A job. */
  readBeside(
    file: Blob,
    fileName: string,
    beside: readonly PathFile[],
    onProgress: OnProgress,
  ): Promise<QuantizedBeside>;
  /** The graph of the file that was read last beside the open model. Beside a running job. */
  besideGraph(): Promise<BesideGraph>;
  /** Float against the file that was read last beside the open model, on samples skip..skip+samples. `limit` is a share. */
  evaluateBeside(
    recipe: Recipe,
    range: { readonly skip: number; readonly samples: number },
    limit: number,
    onProgress: OnProgress,
  ): Promise<Evaluation>;
  /** Float against that file at the output of every layer that both have, over the first `samples` samples. */
  walkBeside(recipe: Recipe, samples: number, onProgress: OnProgress): Promise<FileWalk>;
  /** What the files of a folder hold of a family; what is open stays as it is. */
  familyOf(files: readonly PathFile[]): Promise<FamilyFound>;
  /** Makes these variants of these parts, judged on the data where there is some; what is open stays as it is. */
  makeFamily(
    files: readonly PathFile[],
    data: readonly PathFile[] | null,
    wanted: { readonly parts: readonly string[]; readonly dtypes: readonly string[] },
    onProgress: OnProgress,
  ): Promise<FamilyMade>;
  cancel(): Promise<void>;
  /** Whether the page may be left at any moment: what a calibration saw is then stored after every batch, by the worker, which waits for that. */
  leave(leaving: boolean): Promise<void>;
}

/** The worker that answers about statistics within a frame, whatever the other one is doing. */
export interface AnalysisApi {
  load(summary: ModelSummary, statistics: Statistics): Promise<void>;
  overview(choices: RangePart): Promise<readonly GroupFigures[]>;
  /** `window` is the interval the histogram is drawn over; null takes min..max. */
  analyse(group: string, choices: RangePart, window: Range | null): Promise<TensorAnalysis>;
  /** What was seen of a tensor that may have no clip range; null where it was not watched. */
  values(tensor: string): Promise<SeenValues | null>;
  estimate(group: string, scheme: ActivationScheme, range: Range): Promise<ClipFigures>;
  /** Values at 2..16 bits over their own range; needs no statistics loaded, as what follows. */
  bitDepth(values: Float32Array, bits: number): Promise<BitDepth>;
  /** A plucked 440 Hz note, magnitudes up to 1, `rate` samples a second. */
  tone(rate: number, seconds: number): Promise<Float32Array>;
  /** Where the `length` values begin that move most. */
  liveliest(values: Float32Array, length: number): Promise<number>;
}

/** Boxes of one size to be placed; an edge is two indices of boxes, from what makes a tensor to what reads it. */
export interface LayoutRequest {
  readonly boxes: number;
  readonly edges: readonly (readonly [from: number, to: number])[];
  readonly box: { readonly width: number; readonly height: number };
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything lies, top to bottom, in the unit of the boxes' size. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly centres: readonly Point[];
  /** For each edge the bends it passes, from the lower side of one box to the upper side of the other. */
  readonly bends: readonly (readonly Point[])[];
}

/** A graph whose layers may be drawn together. */
export interface BlocksRequest {
  readonly nodes: readonly { readonly id: string; readonly label: string; readonly isLayer: boolean }[];
  readonly edges: LayoutRequest["edges"];
}

/** Layers that are drawn as one node until they are opened. */
export interface Block {
  /** Unique, and the same for the same model. */
  readonly id: string;
  readonly name: string;
  readonly parts: readonly Part[];
  /** All layers in it, whatever blocks are between: indices of nodes, in graph order. */
  readonly nodes: readonly number[];
}

/** A block, or a node by its index. */
export type Part = Block | number;

/** The worker that lays out the graph of a model. */
export interface LayoutApi {
  layout(request: LayoutRequest): Promise<GraphLayout>;
  blocks(request: BlocksRequest): Promise<readonly Part[]>;
}
