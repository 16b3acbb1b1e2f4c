import { plural } from "../values/figures.ts";
import type { Notice } from "./job.ts";
import type { Task } from "./task.ts";
import type { Port } from "./tensor.ts";

/** The libraries that ask for a family of files by name. */
export const FAMILIES = ["transformers.js"] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** What came of one variant of a part. */
export interface VariantResult {
  readonly part: string;
  readonly dtype: string;
  /** Null where it could not be made. */
  readonly file: string | null;
  /** Of it and of its weights, where they are in a file beside it. */
  readonly bytes: number | null;
  /** That file; absent where the model is in one. */
  readonly weights?: string;
  /** dB of the worst output beside the float model's; null where that was not judged, or no output has such a figure. */
  readonly sqnr: number | null;
  /** How many samples judged it; null where it was not judged. */
  readonly samples: number | null;
  /** Null where there are neither labels nor next tokens to judge by. */
  readonly task: Task | null;
  /** Why it is noise; null where it is not, or was not judged. */
  readonly noise: string | null;
  readonly runs: Runs;
  /** Why it was not made, or what is to be said of it. */
  readonly says: string | null;
}

/** What became of the one run of a file. */
export type Seen = "ran once" | "not run" | "crashes";

/** Where it was made it is seen, elsewhere predicted; null where it was not made. */
export interface Runs {
  readonly native: Seen | "predicted" | null;
  readonly wasm: Seen | "predicted" | null;
  readonly webgpu: "predicted" | null;
  /** Of WebGPU: the operators that are predicted to run on the processor. */
  readonly onProcessor: readonly string[];
}

export function crashes({ runs }: Pick<VariantResult, "runs">): boolean {
  return runs.native === "crashes" || runs.wasm === "crashes";
}

/** Lines of a program that load what was made, and run it. */
export interface LoadingCode {
  readonly language: "JavaScript" | "Python" | "C++";
  readonly code: string;
}

/** What was made for a library, without the files. */
export interface FamilySummary {
  readonly family: FamilyName;
  readonly variants: readonly VariantResult[];
  /** The files that answer noise, first of all to be said. */
  readonly noise: readonly string[];
  /** Whether all that was made was judged. */
  readonly judged: boolean;
  /** Those of the first part. */
  readonly inputs: readonly Port[];
  readonly load: readonly LoadingCode[];
  readonly notices: readonly Notice[];
}

export function noiseLine({ file, noise }: Pick<VariantResult, "file" | "noise">): string {
  return `${file} is noise: ${noise}. Do not publish it.`;
}

export const UNJUDGED =
  "Fidelity was not judged, since there is no data: give some to have every file compared with float before you publish it.";

/** What the figures of variants are of; empty where none was judged. */
export function judgedOn(variants: readonly VariantResult[]): string {
  const counts = [...new Set(variants.flatMap(({ samples }) => samples ?? []))].sort((a, b) => a - b);
  const [least, most] = [counts[0], counts.at(-1)];
  if (least === undefined || most === undefined) return "";
  return `SQNR is of the worst output beside float; it and the task are on ${least === most ? plural(most, "sample") : `${least} to ${plural(most, "sample")}`} that taught nothing.`;
}
