import type { Evaluation } from "../src/engine/model/evaluation.ts";
import { listed, plural, significant } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";

/** What came of one variant of a part. */
export interface VariantResult {
  readonly part: string;
  readonly dtype: string;
  /** Null where it could not be made. */
  readonly file: string | null;
  readonly bytes: number | null;
  /** dB of the worst output beside the float model's; null where that was not judged, or no output has such a figure. */
  readonly sqnr: number | null;
  /** Null where there are neither labels nor next tokens to judge by. */
  readonly task: Task | null;
  /** Why it is noise; null where it is not, or was not judged. */
  readonly noise: string | null;
  readonly runs: Runs;
  /** Why it was not made, or what is to be said of it. */
  readonly says: string | null;
}

export interface Task {
  readonly kind: "top-1" | "perplexity";
  readonly float: number;
  readonly quantized: number;
}

export interface Runs {
  /** Seen here. */
  readonly native: "ran once" | "not run" | "crashes" | "not made";
  /** Null where it was not made. */
  readonly wasm: "predicted" | null;
  readonly webgpu: "predicted" | null;
  /** Of WebGPU: the operators that are predicted to run on the processor. */
  readonly onProcessor: readonly string[];
}

/** What task a judged model does, and how well; null where it does none that can be told. */
export function taskOf({ top1, perplexity }: Evaluation): Task | null {
  if (top1) return { kind: "top-1", float: top1.float, quantized: top1.quantized };
  return perplexity && { kind: "perplexity", float: perplexity.float, quantized: perplexity.quantized };
}

export function noiseLine({ file, noise }: VariantResult): string {
  return `${file} is noise: ${noise}. Do not publish it.`;
}

const HEADER = ["file", "dtype", "size", "SQNR", "task: float, then this", "native", "wasm", "webgpu"];

/** Variants as a table, those that are noise before it. */
export function familyText(results: readonly VariantResult[]): string[] {
  const noise = results.filter((result) => result.noise !== null).map((result) => `WARNING: ${noiseLine(result)}`);
  const rows = [HEADER, ...results.map(rowOf)];
  const widths = HEADER.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
  const said = results.flatMap(({ part, dtype, says }) => (says === null ? [] : [`${part}, ${dtype}: ${says}`]));
  return [...noise, ...table, "wasm and webgpu are predicted by ONNX Runtime's kernels, not run.", ...said];
}

function rowOf({ part, dtype, file, bytes, sqnr, task, runs }: VariantResult): string[] {
  const { native, wasm, webgpu, onProcessor } = runs;
  return [
    file ?? `(${part})`,
    dtype,
    bytes === null ? "-" : byteSize(bytes),
    sqnr === null ? "-" : decibel(sqnr),
    task ? taskText(task) : "-",
    native,
    wasm === null ? "-" : "predicted: runs",
    webgpu === null ? "-" : `predicted: runs${besideText(onProcessor)}`,
  ];
}

function taskText({ kind, float, quantized }: Task): string {
  const figure = kind === "top-1" ? percent : significant;
  return `${kind} ${figure(float)}, ${figure(quantized)}`;
}

function besideText(onProcessor: readonly string[]): string {
  if (onProcessor.length === 0) return "";
  const what = onProcessor.length <= 3 ? listed(onProcessor) : plural(onProcessor.length, "operator");
  return `, ${what} on the processor`;
}
