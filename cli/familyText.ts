import { join } from "node:path";
import { type FamilySummary, judgedOn, noiseLine, UNJUDGED, type VariantResult } from "../src/engine/model/family.ts";
import { taskText } from "../src/engine/model/task.ts";
import { listed, plural } from "../src/engine/values/figures.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";
import { columns } from "./format.ts";

const HEADER = ["file", "dtype", "size", "SQNR", "task: float, then this", "native", "wasm", "webgpu"];

/** What was made as a table, those that are noise before it; then the files, and the lines that load them. */
export function familyText(
  { variants, notices, load }: Omit<FamilySummary, "inputs">,
  out: string,
  files: readonly { readonly name: string; readonly bytes: number }[],
): string[] {
  const noise = variants.filter((each) => each.noise !== null).map((each) => `WARNING: ${noiseLine(each)}`);
  const said = variants.flatMap(({ part, dtype, says }) => (says === null ? [] : [`${part}, ${dtype}: ${says}`]));
  return [
    ...noise,
    ...columns([HEADER, ...variants.map(rowOf)]),
    ...[judgedOn(variants), "Predicted is by ONNX Runtime's kernels, not run."].filter(Boolean),
    ...said,
    ...(notices.some(({ message }) => message === UNJUDGED) ? [UNJUDGED] : []),
    ...files.map(({ name, bytes }) => `  ${join(out, name)} (${byteSize(bytes)})`),
    ...load.flatMap(({ language, code }) => [`${language}:`, ...code.split("\n").map((line) => `  ${line}`)]),
  ];
}

function rowOf({ part, dtype, file, bytes, sqnr, task, runs }: VariantResult): string[] {
  const { native, wasm, webgpu, onProcessor } = runs;
  return [
    file ?? `(${part})`,
    dtype,
    bytes === null ? "-" : byteSize(bytes),
    sqnr === null ? "-" : decibel(sqnr),
    task ? taskText(task) : "-",
    placeText(native),
    placeText(wasm),
    webgpu === null ? "not made" : `predicted: runs${besideText(onProcessor)}`,
  ];
}

function placeText(runs: VariantResult["runs"]["native"]): string {
  return runs === "predicted" ? "predicted: runs" : (runs ?? "not made");
}

function besideText(onProcessor: readonly string[]): string {
  if (onProcessor.length === 0) return "";
  const what = onProcessor.length <= 3 ? listed(onProcessor) : plural(onProcessor.length, "operator");
  return `, ${what} on the processor`;
}
