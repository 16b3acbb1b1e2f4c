import { about, count, fields, list, number, type Of, text } from "../schema/define.ts";
import { plural, signed } from "../values/figures.ts";
import { decibel } from "../values/units.ts";

/** Figures beside each other; of a weight without any error Infinity, of one that is all zero NaN. */
const SIDES = {
  nearest: about(
    "SQNR of the weights, every one counting alike, in dB: of the same type and blocks with scales and zero points that hold each block's least and largest weight.",
    number,
  ),
  refined: about("The same with those of least error, as exported.", number),
};

/** What scales of least error, found without data, gained one weight. */
const REFINED_WEIGHT = fields({
  weight: text,
  layers: about("The ids of the layers that read it.", list(text)),
  values: count,
  ...SIDES,
  left: about(
    "Squared error of the refined weights by that of the others: above 1 the refinement made it larger, which it may, since what it makes least is another error. 1 where neither has any.",
    number,
  ),
});
export type RefinedWeight = Of<typeof REFINED_WEIGHT>;

/** What the refinement without data gained; figures are of the weights and not of outputs, measured on the codes that are exported. */
export const REFINEMENT = fields({
  weights: about("In graph order, those whose scales were refined.", list(REFINED_WEIGHT)),
  ...SIDES,
});
export type Refinement = Of<typeof REFINEMENT>;

/** What the refinement gained, in words, and of which tensors the measure says otherwise. */
export function refinementText({ weights, nearest, refined }: Refinement): string {
  const of = `the weights in blocks (${plural(weights.length, "tensor")})`;
  if (Number.isNaN(nearest)) return `all of ${of} are zero, so that scales gain nothing`;
  if (nearest === Infinity && refined === Infinity) {
    return `${of} have no error by either way to scale them, so that there was nothing to gain`;
  }
  const gained = Number.isFinite(refined - nearest) ? ` (${signed(refined - nearest)} dB)` : "";
  const both = `scales of least error, found without data, give ${of} an SQNR of ${decibel(refined)}, those of each block's largest weights ${decibel(nearest)}${gained}; it is of the weights, each counting alike, and not of outputs`;
  const worse = weights.filter(({ left }) => left > 1).sort((a, b) => b.left - a.left);
  const [worst] = worse;
  if (!worst) return both;
  return `${both}; ${plural(worse.length, "tensor")} ${worse.length === 1 ? "has" : "have"} less by it, since another error was made least, ${worse.length === 1 ? "" : "most of all "}${worst.weight} (${decibel(worst.refined)}, ${decibel(worst.nearest)} before)`;
}
