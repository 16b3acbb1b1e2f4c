import type { ActivationScheme, Affine } from "../model/range.ts";
import { codeLimits } from "../values/codes.ts";
import { type Density, numberUpTo } from "./density.ts";

/** Which of a type's codes a tensor's values take. */
export interface CodeUse {
  /** Codes that at least one value is expected to take, of 256. */
  readonly used: number;
  /** Shannon entropy of the codes, bits: 8 when all are taken equally often, 0 when one is. */
  readonly entropy: number;
}

/** The codes that quantizing a distribution gives, estimated from its bins. With no finite value, none. */
export function codeUse(density: Density, scheme: ActivationScheme, { scale, zeroPoint }: Affine): CodeUse {
  const [lowest, highest] = codeLimits(scheme.type);
  const { negative, positive, finite } = density;
  let used = 0;
  let entropy = 0;
  const take = (number: number) => {
    if (number < 0.5) return;
    used++;
    const share = number / finite;
    entropy -= share * Math.log2(share);
  };
  const nearZero = numberUpTo(negative, scale / 2) + numberUpTo(positive, scale / 2) + density.zeros;
  take(nearZero);
  for (const [side, codes] of [
    [negative, zeroPoint - lowest],
    [positive, highest - zeroPoint],
  ] as const) {
    let before = numberUpTo(side, scale / 2);
    for (let code = 1; code <= codes; code++) {
      const upTo = code === codes ? (side.number[side.size] as number) : numberUpTo(side, (code + 0.5) * scale);
      take(upTo - before);
      before = upTo;
    }
  }
  return { used, entropy };
}
