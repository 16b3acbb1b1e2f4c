import type { DataFile } from "../model/dataset.ts";
import type { Port } from "../model/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";
import type { SampleFile } from "./arrange.ts";

/** A file that holds samples of several inputs, each under a name. */
export interface NamedFile {
  readonly kind: "npz" | "jsonl";
  readonly file: DataFile;
  readonly names: readonly string[];
  /** The ways to cut what has a name into samples for an input, the likeliest first. Throws InputError where it does not fit. */
  samples(name: string, port: Port, type: DataType): Promise<readonly [SampleFile, ...SampleFile[]]>;
  /** The same as the steps of sequences. */
  steps(name: string, port: Port, type: DataType): Promise<SampleFile>;
}
