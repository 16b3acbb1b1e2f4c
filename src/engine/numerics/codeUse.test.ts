import { describe, expect, it } from "vitest";
import type { Range } from "../model/range.ts";
import { affineParameters } from "./affine.ts";
import { codeUse } from "./codeUse.ts";
import { densityOf } from "./density.ts";
import { quantize } from "./quantize.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { SCHEMES } from "./testing/measure.ts";
import { observe } from "./testing/observe.ts";

function measured(codes: Uint8Array | Int8Array) {
  const counts = new Map<number, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / codes.length);
  return { used: counts.size, entropy: shares.reduce((sum, share) => sum - share * Math.log2(share), 0) };
}

describe("codes in use", () => {
  it.each(Object.keys(DISTRIBUTIONS))("%s: as many as quantizing gives, and as evenly", (name) => {
    const values = drawFrom(name, 20_000);
    const statistics = observe(values);
    for (const scheme of SCHEMES) {
      const ranges: Range[] = [1, 0.5].map((share) => ({ low: statistics.min * share, high: statistics.max * share }));
      for (const range of ranges) {
        const affine = affineParameters(range, scheme);
        const codes = scheme.type === "uint8" ? quantize(values, affine, "uint8") : quantize(values, affine, "int8");
        const direct = measured(codes);
        const estimated = codeUse(densityOf(statistics), scheme, affine);
        expect(Math.abs(estimated.used - direct.used)).toBeLessThanOrEqual(0.05 * direct.used + 2);
        expect(Math.abs(estimated.entropy - direct.entropy)).toBeLessThan(0.1);
      }
    }
  });

  it("has none without values", () => {
    const density = densityOf(observe([Number.NaN]));
    expect(codeUse(density, { type: "uint8", symmetric: false }, { scale: 1, zeroPoint: 0 })).toEqual({
      used: 0,
      codes: 256,
      entropy: 0,
    });
  });
});
