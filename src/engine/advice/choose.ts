import type { AdviceFigures } from "../model/advice.ts";
import { significant } from "../values/figures.ts";
import { byteSize, decibel } from "../values/units.ts";

/** Below it an error is more than a tenth of a signal's size, and fidelity comes before time; as in docs/diagnosis.md. */
const FAITHFUL = 20;
/** dB that are told apart. */
const SAME = 0.5;
const CLEAR = 1;
/** Times of runs, and sizes, that are told apart: a model and itself differ by a few percent in time. */
const TIME = 1.1;
const SIZE = 1.03;

interface Chosen {
  readonly advised: number;
  readonly why: string;
}

/**
 * Which of several recipes is best by what was measured, the first being what is done where none is better: one is better that is worse in
 * nothing (fidelity, bytes, and time where there is one) and clearly better in something; or, where what is left is below 20 dB, one that
 * leaves 1 dB more or 20 dB. Without figures of fidelity nothing is better. Null is what could not be made. Throws RangeError where the first is null and so are all others.
 */
export function chooseOption(names: readonly string[], measured: readonly (AdviceFigures | null)[]): Chosen {
  const start = measured.findIndex((each) => each !== null);
  if (start === -1) throw new RangeError("nothing was measured");
  let advised = start;
  for (let at = start + 1; at < measured.length; at++) {
    const figures = measured[at];
    if (figures && isBetter(figures, measured[advised]!)) advised = at;
  }
  if (advised === start) {
    return { advised, why: `Of ${names.length} recipes measured none is better than ${names[start]}.` };
  }
  return { advised, why: `Better than ${names[start]}: ${compared(measured[advised]!, measured[start]!)}.` };
}

function isBetter(a: AdviceFigures, b: AdviceFigures): boolean {
  const [now, before] = [a.sqnr, b.sqnr];
  if (now === null || before === null) return false;
  if (before < FAITHFUL) return now >= before + CLEAR || (now >= FAITHFUL && now > before);
  const [took, tookBefore] = [a.time ?? 1, b.time ?? 1];
  if (now < before - SAME || a.bytes > SIZE * b.bytes || took > TIME * tookBefore) return false;
  return now >= before + CLEAR || SIZE * a.bytes < b.bytes || TIME * took < tookBefore;
}

function compared(a: AdviceFigures, b: AdviceFigures): string {
  const parts = [
    `${sqnrText(a)} against ${sqnrText(b)}`,
    `${byteSize(a.bytes)} against ${byteSize(b.bytes)}`,
    ...(a.time !== null && b.time !== null
      ? [`${significant(a.time)} against ${significant(b.time)} of float's time`]
      : []),
  ];
  return parts.join(", ");
}

function sqnrText({ sqnr }: AdviceFigures): string {
  return sqnr === null ? "no SQNR" : decibel(sqnr);
}
