import type { DataType } from "../values/elementTypes.ts";
import { InputError, type Notice } from "./job.ts";
import type { Preprocess } from "./preprocess.ts";
import type { Port, TensorMap } from "./tensor.ts";

/** A file that is read on demand and in parts: a File in the tab, a path in the terminal. */
export interface DataFile {
  /** Path with "/" as the person gave it, unique in the set. */
  readonly path: string;
  readonly size: number;
  /** The model's input that it is for; where it is left out, its name or the data as a whole says so (docs/data.md). */
  readonly input?: string;
  /** Bytes start..end (end excluded), fewer where the file has shrunk; the whole file without arguments. */
  read(start?: number, end?: number): Promise<Uint8Array>;
}

/** An input that is held at one value in every sample. */
export interface HeldInput {
  readonly port: Port;
  readonly value: number;
}

/** An input that an output of the step before feeds. */
export interface StateInput {
  readonly port: Port;
  readonly output: Port;
  /** The shape that it begins with in a sequence; null where its own dimensions say it. */
  readonly start: readonly number[] | null;
}

/** A model's inputs, with the dimensions asked for: those that every sample gives, those that are held, and those that carry a state. */
export interface ModelInputs {
  readonly open: readonly Port[];
  readonly held: readonly HeldInput[];
  /** Of the model's scores, by which folders may be its classes: 0 where it has no scores; null, or left out, where it does not say. */
  readonly classes?: number | null;
  /** None where it is left out. */
  readonly states?: readonly StateInput[];
  /** What the model gives, of which some may be the state that an input lacks. */
  readonly outputs?: readonly Port[];
}

export interface Sequences {
  /** The output that feeds each input that carries a state. */
  readonly states: ReadonlyMap<string, string>;
  /** The first step of the sequence that a step is of. */
  startOf(index: number): number;
  /** Throws InputError where the second step of the first sequence that has one cannot be fed what the first one makes. */
  trySecond(): Promise<void>;
  /** Gives back what runs the float model, until a step is asked for. */
  release(): Promise<void>;
}

/** Where an input gets its values. */
export type InputSource = { readonly name: string } & (
  | {
      readonly from: "data";
      readonly kind: DataSummary["kind"];
      /** The first of its files. */
      readonly path: string;
      readonly files: number;
      /** What it is called in files of several inputs; null in others. */
      readonly array: string | null;
    }
  /** `filling` says by what, in words. */
  | { readonly from: "filled"; readonly filling: string }
  | { readonly from: "held"; readonly value: number }
  /** The output that feeds it at the next step. */
  | { readonly from: "state"; readonly output: string }
  | { readonly from: "nothing" }
);

/** Data that leaves an input without values; `sources` says what the others get. */
export class InputsMissing extends InputError {
  readonly sources: readonly InputSource[];

  constructor(message: string, sources: readonly InputSource[]) {
    super(message);
    this.sources = sources;
  }
}

/** One sample ready to run, by input name, and where it came from. */
export interface Sample {
  readonly source: string;
  readonly feeds: TensorMap;
}

/** The class of a sample, null where it is not known; of a batch, one for each of its rows. */
export type SampleLabel = number | null | readonly (number | null)[];

/** Labels by sample, of which there may be millions: a list is one. */
export interface SampleLabels {
  readonly length: number;
  /** Undefined of no sample. */
  at(index: number): SampleLabel | undefined;
}

/** The classes that a label knows. */
export function classesOf(label: SampleLabel | undefined): readonly number[] {
  return [label ?? null].flat().filter((each) => each !== null);
}

/** The classes that labels of samples first..end know, one after the other. */
export function* classesIn(labels: SampleLabels | null | undefined, first = 0, end = Number.POSITIVE_INFINITY) {
  const last = Math.min(end, labels?.length ?? 0);
  for (let index = first; index < last; index++) yield* classesOf(labels!.at(index));
}

/** Whether a label of samples first..end knows a class. */
export function isLabelled(labels: SampleLabels | null | undefined, first: number, end: number): boolean {
  return !classesIn(labels, first, end).next().done;
}

/** Samples in an order: that of a seed, or the byte order of their paths (and by index within a file). Nothing is kept between calls. */
export interface Dataset {
  readonly length: number;
  /** Of their order; null, or left out, for that of their paths. */
  readonly seed?: number | null;
  /** Where a sample is from. */
  sourceOf(index: number): string;
  /** By sample; null when there are no labels at all. */
  readonly labels: SampleLabels | null;
  /** What classes are called, by number, where the data says so. */
  readonly classNames?: ReadonlyMap<number, string>;
  /** Where samples are the steps of sequences: inputs are fed what the float model carries from one to the next. */
  readonly sequences?: Sequences;
  readonly notices: readonly Notice[];
  /**
   * Throws InputError for a sample that cannot be read, such as a corrupt image: callers skip and count it. Throws FileChanged
   * for a file that is no longer what it was.
   */
  get(index: number): Promise<Sample>;
  /** Tells what the data holds of a sample from that of others (data/print.ts); left out where nothing does. Throws as `get` does. */
  print?(index: number): Promise<string>;
}

/** What an input gets of one sample; of an empty tensor min, max and mean are NaN. */
export interface SampleTensor {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  /** The first of its values, exact where they are integers. */
  readonly values: readonly (number | bigint)[];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** A sample as a person looks at it: the picture as decoded, and what the model will see. */
export interface SamplePreview {
  readonly source: string;
  readonly original: { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray } | null;
  /** The preprocessed tensor drawn back as a picture: each channel from its min to its max. */
  readonly prepared: { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray } | null;
  /** What is drawn. */
  readonly input: string;
  readonly tensors: readonly SampleTensor[];
}

export interface DataSummary {
  readonly samples: number;
  readonly labelled: number;
  readonly files: number;
  /** Class folders that the samples lie in; 0 where they lie in none. */
  readonly folders: number;
  /** Of what the input shown in previews is fed from. */
  readonly kind: "images" | "npy" | "idx" | "npz" | "jsonl";
  /** Where each of the model's inputs gets its values: those that are open, then those that are held. */
  readonly inputs: readonly InputSource[];
  /** What is applied: given, or chosen from the data and the model's input; null for tensors taken as they are. */
  readonly preprocess: Preprocess | null;
  /** That it was chosen, and has to be checked: one of the notices, or null. */
  readonly assumed: Notice | null;
  readonly notices: readonly Notice[];
}
