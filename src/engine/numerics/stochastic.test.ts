import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox } from "./philox.ts";
import { stochasticRounder } from "./stochastic.ts";

/** https://github.com/DEShawResearch/random123/blob/main/tests/kat_vectors */
it.each([
  ["zeros", [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  ["ones", Array(4).fill(0xffffffff), Array(2).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [
    "pi",
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("Philox4x32-10 gives what its authors' own gives, of %s", (_, counter, [first = 0, second = 0], expected) => {
  const out = new Uint32Array(4);
  philox(Uint32Array.from(counter), [first, second], out);
  expect([...out]).toEqual(expected);
});

describe("stochastic rounding", () => {
  it("is the value in the mean, and one of its two neighbours each time", () => {
    fc.assert(
      fc.property(fc.double({ min: -200, max: 200, noNaN: true }), fc.nat(), (steps, seed) => {
        const round = stochasticRounder(seed, "w");
        const count = 4000;
        const codes = Array.from({ length: count }, (_, at) => round(steps, at));
        const sum = codes.reduce((before, code) => before + code, 0);
        expect(codes.every((code) => code === Math.floor(steps) || code === Math.ceil(steps))).toBe(true);
        // Six standard deviations of a mean of so many, each of at most 1/2.
        expect(Math.abs(sum / count - steps)).toBeLessThan(3 / Math.sqrt(count));
      }),
      { seed: 7, numRuns: 25 },
    );
  });

  it("draws the same for a place, whichever came before it, and other numbers for another seed or tensor", () => {
    const places = Array.from({ length: 64 }, (_, at) => at * 3);
    const inOrder = (order: readonly number[], seed = 5, name = "w") => {
      const round = stochasticRounder(seed, name);
      const codes = new Map(order.map((at) => [at, round(0.5, at)]));
      return places.map((at) => codes.get(at));
    };
    expect(inOrder([...places].reverse())).toEqual(inOrder(places));
    expect(inOrder(places, 6)).not.toEqual(inOrder(places));
    expect(inOrder(places, 5, "v")).not.toEqual(inOrder(places));
  });

  it("keeps whole numbers", () => {
    const round = stochasticRounder(1, "w");
    expect([-3, 0, 7].map((steps, at) => round(steps, at))).toEqual([-3, 0, 7]);
  });
});
