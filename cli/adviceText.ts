import { type Advice, type AdviceOption, KIND_WORDS } from "../src/engine/model/advice.ts";
import { taskOf, taskText } from "../src/engine/model/task.ts";
import { plural, significant } from "../src/engine/values/figures.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";
import { columns } from "./format.ts";

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
          ...columns([HEADER, ...options.map((option, at) => rowOf(option, at === advice.advised))]),
        ]
      : ["Fidelity and time: unknown without data; give --data PATH to have each recipe measured."]),
    written === null
      ? "Give --out DIR to have the advised recipe written, which octet quantize takes as --recipe."
      : `octet quantize ${path} --recipe ${use}${measured ? "" : " (with --data PATH where samples are needed)"}`,
  ];
}

const HEADER = ["", "recipe", "size", "SQNR", "task: float, then this", "of float's time"];

function rowOf({ name, figures, failed }: AdviceOption, isAdvised: boolean): string[] {
  const mark = isAdvised ? "->" : "";
  if (!figures) return [mark, name, "-", "-", failed ? "not made" : "-", "-"];
  const { bytes, sqnr, time } = figures;
  const task = taskOf(figures);
  return [
    mark,
    name,
    byteSize(bytes),
    sqnr === null ? "-" : decibel(sqnr),
    task ? taskText(task) : "-",
    time === null ? "-" : significant(time),
  ];
}
