import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AdviceFigures } from "../model/advice.ts";
import { chooseOption } from "./choose.ts";

const figures = (sqnr: number | null, bytes = 100, time: number | null = 1): AdviceFigures => ({
  ...{ bytes, sqnr, time },
  top1: null,
  perplexity: null,
});
const advised = (measured: readonly (AdviceFigures | null)[]) =>
  chooseOption(
    measured.map((_, at) => `recipe ${at}`),
    measured,
  ).advised;

describe("which of several is advised", () => {
  it("is the first where none is better: closer and slower is not, nor closer and larger", () => {
    expect(advised([figures(35), figures(45, 100, 1.2)])).toBe(0);
    expect(advised([figures(35), figures(45, 104)])).toBe(0);
    expect(advised([figures(35), figures(35.2), figures(34, 50, 0.5)])).toBe(0);
    expect(chooseOption(["a", "b"], [figures(35), figures(30)]).why).toBe(
      "Of 2 recipes measured none is better than a.",
    );
  });

  it("is one that is worse in nothing and clearly better in something", () => {
    expect(advised([figures(35), figures(36.5)])).toBe(1);
    expect(advised([figures(35), figures(35, 90)])).toBe(1);
    expect(advised([figures(35), figures(34.8, 100, 0.8), figures(34.7, 80, 0.8)])).toBe(2);
    expect(chooseOption(["a", "b"], [figures(35), figures(36.5)]).why).toBe(
      "Better than a: 36.5 dB against 35.0 dB, 100 B against 100 B, 1.00 against 1.00 of float's time.",
    );
  });

  it("is the closer one, whatever it takes, where the first is noise", () => {
    expect(advised([figures(4.7), figures(24.6, 300, 3)])).toBe(1);
    expect(advised([figures(19.8), figures(20.1, 300)])).toBe(1);
  });

  it("goes by no time where there is none", () => {
    expect(advised([figures(35, 100, null), figures(45, 100, null)])).toBe(1);
    expect(chooseOption(["a", "b"], [figures(35, 100, null), figures(45, 100, null)]).why).not.toContain("time");
  });

  it("is what could be made; without figures of fidelity the first of that", () => {
    expect(advised([null, figures(30), figures(20)])).toBe(1);
    expect(advised([figures(null), figures(null, 50), figures(40)])).toBe(0);
    expect(() => advised([null, null])).toThrow(RangeError);
  });

  it("is never one that is worse in fidelity than one it was preferred to, below what is told apart", () => {
    const some = fc.array(
      fc.record({
        sqnr: fc.double({ min: -5, max: 60, noNaN: true }),
        bytes: fc.integer({ min: 50, max: 200 }),
        time: fc.double({ min: 0.3, max: 3, noNaN: true }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(some, (all) => {
        const measured = all.map(({ sqnr, bytes, time }) => figures(sqnr, bytes, time));
        const chosen = measured[advised(measured)]!;
        expect(chosen.sqnr!).toBeGreaterThanOrEqual(measured[0]!.sqnr! - 0.5 * (all.length - 1));
      }),
      { seed: 5 },
    );
  });
});
