import type { ActivationScheme, Affine } from "../model/range.ts";
import { type Density, numberUpTo } from "./density.ts";
import { quantizerOf } from "./quantizationError.ts";

/** Which of a type's codes a tensor's values take. */
export interface CodeUse {
  /** Codes that at least one value is expected to take, and how many there are. */
  readonly used: number;
  readonly codes: number;
  /** Shannon entropy of the codes, bits: 8 when all are taken equally often, 0 when one is. */
  readonly entropy: number;
}

/** The codes that quantizing a distribution gives, estimated from its bins. With no finite value, none. */
export function codeUse(density: Density, scheme: ActivationScheme, affine: Affine): CodeUse {
  const { scale, below, above, levels } = quantizerOf(scheme.type, affine);
  /** Where values of a code end, from which on they are of the next. */
  const endOf = (code: number) =>
    (levels ? ((levels[code] as number) + (levels[code + 1] as number)) / 2 : code + 0.5) * scale;
  const { negative, positive, finite } = density;
  let used = 0;
  let entropy = 0;
  const take = (number: number) => {
    if (number < 0.5) return;
    used++;
    const share = number / finite;
    entropy -= share * Math.log2(share);
  };
  const nearZero = numberUpTo(negative, endOf(0)) + numberUpTo(positive, endOf(0)) + density.zeros;
  take(nearZero);
  for (const [side, codes] of [
    [negative, below],
    [positive, above],
  ] as const) {
    let before = numberUpTo(side, endOf(0));
    for (let code = 1; code <= codes; code++) {
      const upTo = code === codes ? (side.number[side.size] as number) : numberUpTo(side, endOf(code));
      take(upTo - before);
      before = upTo;
    }
  }
  return { used, codes: below + above + 1, entropy };
}
