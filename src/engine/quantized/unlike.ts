import type { Notice } from "../model/job.ts";
import type { LayerMatch } from "../model/quantizedFile.ts";
import { MATCHED_WORDS } from "../model/quantizedFile.ts";
import { plural, significant } from "../values/figures.ts";
import { decibel } from "../values/units.ts";

/** A match whose weights or biases are further apart than this, dB, is not believed without a word. */
const ALIKE = 3;

/** What should keep a person from believing that the weights of a file are those of its float model. */
export function unlikeWeights(matches: readonly LayerMatch[]): Notice[] {
  const far = matches.filter(({ sqnr }) => sqnr !== null && !(sqnr >= ALIKE));
  const [first] = far;
  if (!first) return [];
  const others = far.length > 1 ? `, and ${plural(far.length - 1, "other layer")} likewise` : "";
  return [
    {
      kind: "warning",
      subject: "weights",
      message: `${first.stored} was told by ${MATCHED_WORDS[first.by]} to be ${first.float}, but its weight has an SQNR of ${decibel(first.sqnr!)} against that one's${others}: the file was made from other weights, or from these scaled, folded or trained on.`,
    },
  ];
}

/** The same of biases, of which rounding leaves half a step. */
export function unlikeBiases(matches: readonly LayerMatch[]): Notice[] {
  const apart = matches.flatMap(({ stored, float, bias }) =>
    bias && !(bias.steps <= 1) ? [{ stored, float, ...bias }] : [],
  );
  const far = apart.filter(({ sqnr }) => !(sqnr >= ALIKE));
  const [first] = far.length > 0 ? far : apart;
  if (!first) return [];
  const others = (far.length > 0 ? far : apart).length - 1;
  const likewise = others > 0 ? `, and ${plural(others, "other layer")} likewise` : "";
  const what = `${first.stored} has a bias that is up to ${significant(first.steps)} of its steps from that of ${first.float} (SQNR ${decibel(first.sqnr)})${likewise}`;
  return far.length > 0
    ? [
        {
          kind: "warning",
          subject: "biases",
          message: `${what}: it is another bias, or of weights that were scaled or trained on.`,
        },
      ]
    : [{ kind: "info", subject: "biases", message: `${what}: biases were corrected, or are of other weights.` }];
}
