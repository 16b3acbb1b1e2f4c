import { about, count, fields, list, nullable, number, type Of, oneOf, text } from "../schema/define.ts";
import { CAUSES, type Finding, REMEDY } from "./diagnosis.ts";

const SUGGESTION = fields({ edit: REMEDY, sentence: text });
/** What to change, and in words why. */
export type Suggestion = Of<typeof SUGGESTION>;

const EVIDENCE = {
  alone: about("SQNR of the outputs with this layer alone quantized, dB, measured.", nullable(number)),
  regained: about("dB of SQNR that the outputs regain with this layer alone in float, measured.", nullable(number)),
  entering: about(
    "dB of SQNR lost between what the layer reads and makes in the exported model, measured.",
    nullable(number),
  ),
  weights: about(
    "SQNR of its weight with every live channel counting the same, dB, measured on its codes.",
    nullable(number),
  ),
  activations: about("SQNR of the values that it makes, dB, estimated from their statistics.", nullable(number)),
};

/** A layer that costs the outputs, or is known to lose, with all that is known of it. Figures that are null are not known. */
export const CULPRIT = fields({
  layer: about('The id of a layer, or "input NAME".', text),
  power: about(
    "What culprits are ranked by: the power of an error relative to that of the signal, 10^(-dB / 10).",
    number,
  ),
  by: about(
    "Where the power is from: the outputs with this layer alone quantized, what enters at its output in the exported model, or an estimate at its weight and values.",
    oneOf(["alone", "entering", "estimated"]),
  ),
  ...EVIDENCE,
  cause: nullable(oneOf(CAUSES)),
  sentence: about("The cause in words.", text),
  figure: about("What the sentence rests on.", text),
  remedy: about("What is recommended; null where nothing is known to help.", nullable(SUGGESTION)),
});
export type Culprit = Of<typeof CULPRIT>;

/** Layers that stand out under one recipe, worst first, and what can be changed for all layers at once. */
export const CULPRITS = fields({
  list: list(CULPRIT),
  forAll: about("What can be changed for all layers at once, recommended or not.", list(SUGGESTION)),
  samples: about(
    "Samples that sensitivity and the error walk were measured on; null where they were not.",
    fields({ sensitivity: nullable(count), walk: nullable(count) }),
  ),
});
export type Culprits = Of<typeof CULPRITS>;

/** What is wrong under a recipe, worst first. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly culprits: Culprits;
  /** SQNR of each layer's weight with every live channel counting the same, dB, by layer. */
  readonly weightSqnr: ReadonlyMap<string, number>;
}
