import type { Culprit, Culprits } from "../src/engine/model/culprit.ts";
import { plural, significant } from "../src/engine/values/figures.ts";
import { table } from "./format.ts";

const SHOWN = 10;

/** The one list of culprits for a person: the worst, each with its evidence, its cause and what is recommended. */
export function describeCulprits({ list, forAll, samples }: Culprits): string[] {
  if (list.length === 0) return ["no culprits: no layer stands out"];
  const shown = list.slice(0, SHOWN);
  const more = list.length - shown.length;
  const measured = [
    ...(samples.sensitivity === null ? [] : [`alone and regained measured at the outputs on ${samples.sensitivity}`]),
    ...(samples.walk === null ? [] : [`enters measured at the layer's output on ${samples.walk}`]),
    "weights measured with every channel counting the same",
    "values estimated",
  ];
  return [
    `culprits, worst first, SQNR in dB (${measured.join("; ")}):`,
    ...table([
      ["", "layer", "alone", "regained", "enters", "weights", "values"],
      ...shown.map((culprit, at) => [`${at + 1}`, culprit.layer, ...figuresOf(culprit)]),
    ]),
    ...reasons(shown),
    ...(more > 0 ? [`  and ${plural(more, "layer")} more`] : []),
    ...(forAll.length > 0
      ? ["for all layers, to be tried and measured:", ...forAll.map(({ sentence }) => `  ${sentence}`)]
      : []),
  ];
}

function figuresOf({ alone, regained, entering, weights, activations }: Culprit): string[] {
  return [alone, regained, entering, weights, activations].map((value) => (value === null ? "–" : significant(value)));
}

/** Cause and remedy of each, those alike in one line. */
function reasons(shown: readonly Culprit[]): string[] {
  const places = new Map<string, number[]>();
  for (const [at, { sentence, remedy }] of shown.entries()) {
    const words = `${sentence} ${remedy ? remedy.sentence : "Nothing is known to help."}`;
    places.set(words, [...(places.get(words) ?? []), at + 1]);
  }
  return [...places].map(([words, at]) => `  ${at.join(", ")}: ${words}`);
}
