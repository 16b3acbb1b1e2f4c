import { about, count, fields, nullable, number, type Of, text } from "../schema/define.ts";
import { INTERVAL } from "./range.ts";

/** How much of an activation its clip range cuts off. */
export const CLIPPED = fields({
  tensor: about("The activation that the range is named after.", text),
  producer: about("The layer that makes it; null for a model input.", nullable(text)),
  range: about("What the codes of the quantized model leave whole.", INTERVAL),
  values: about("Of the float model, on all samples together.", count),
  share: about(
    "Of these values, those that are cut off, more than half a step beyond the outermost codes, counted one by one: infinite ones are, NaN is not; 0..1.",
    number,
  ),
});
export type Clipped = Of<typeof CLIPPED>;

/** Those of which something is cut off, most first, at most `most` of them. */
export function mostClipped(clipped: readonly Clipped[], most: number): readonly Clipped[] {
  return clipped
    .filter(({ share }) => share > 0)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, most);
}

/** The layer that makes it, or the tensor where none does. */
export function clippedName({ producer, tensor }: Clipped): string {
  return producer ?? tensor;
}
