import { type Advice, type AdviceFigures, type AdviceOption, KIND_WORDS } from "../src/engine/model/advice.ts";
import { plural, significant } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";

/** What a model is, what is advised for it and why, and what was measured of what else there is. */
export function adviceText(advice: Advice, path: string, written: string | null): string[] {
  const { kinds, options, target, size, measured, why } = advice;
  const advised = options[advice.advised]!;
  const use = written ?? "FILE";
  return [
    `${path}, by its graph:`,
    ...kinds.map(({ kind, evidence }) => `  ${KIND_WORDS[kind]}: ${evidence}`),
    `Advised for ${target}: ${advised.name}. ${why}`,
    ...advised.choices.flatMap(({ setting, value, why: reason, basis }) => [
      `  ${setting}: ${value}`,
      `    ${reason} ${basis}`,
    ]),
    `Size: ${byteSize(size.advised)} of ${byteSize(size.float)}. ${size.basis}`,
    ...(measured
      ? [
          `Measured on ${plural(measured.judged, "sample")} that ${plural(measured.taught, "other")} taught, ${measured.runtime}, ${measured.machine}:`,
          ...table(advice),
        ]
      : ["Fidelity and time: unknown without data; give --data PATH to have each recipe measured."]),
    written === null
      ? "Give --out DIR to have the advised recipe written, which octet quantize takes as --recipe."
      : `octet quantize ${path} --recipe ${use}${measured ? "" : " (with --data PATH where samples are needed)"}`,
  ];
}

const HEADER = ["", "recipe", "size", "SQNR", "task: float, then this", "of float's time"];

function table({ options, advised }: Advice): string[] {
  const rows = [HEADER, ...options.map((option, at) => rowOf(option, at === advised))];
  const widths = HEADER.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
}

function rowOf({ name, figures, failed }: AdviceOption, isAdvised: boolean): string[] {
  const mark = isAdvised ? "->" : "";
  if (!figures) return [mark, name, "-", "-", failed ? "not made" : "-", "-"];
  const { bytes, sqnr, time } = figures;
  return [
    mark,
    name,
    byteSize(bytes),
    sqnr === null ? "-" : decibel(sqnr),
    taskText(figures),
    time === null ? "-" : significant(time),
  ];
}

function taskText({ top1, perplexity }: AdviceFigures): string {
  if (top1) return `top-1 ${percent(top1.float)}, ${percent(top1.quantized)}`;
  return perplexity ? `perplexity ${significant(perplexity.float)}, ${significant(perplexity.quantized)}` : "-";
}
