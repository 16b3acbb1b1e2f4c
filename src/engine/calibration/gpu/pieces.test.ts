import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { cut, groupsWithin, piecesOf } from "./pieces.ts";

const WORD = 4;

describe("cut", () => {
  it("leaves a tensor in one piece where a binding holds it", () => {
    expect(cut(100, 3, { bindingBytes: 1200, alignment: 256 })).toEqual([
      { offset: 0, size: 1200, start: 0, length: 100, sample: 0, samples: 3 },
    ]);
  });

  it("covers every value of every sample once, in bindings that are aligned and short enough", () => {
    const sizes = fc.record({
      length: fc.integer({ min: 1, max: 700 }),
      samples: fc.integer({ min: 1, max: 5 }),
      bindingBytes: fc.integer({ min: 1, max: 12 }).map((steps) => 260 + steps * 100),
    });
    fc.assert(
      fc.property(sizes, ({ length, samples, bindingBytes }) => {
        const alignment = 256;
        const seen: number[][] = Array.from({ length: samples }, () => []);
        for (const piece of cut(length, samples, { bindingBytes, alignment })) {
          expect(piece.offset % alignment).toBe(0);
          expect(piece.size % WORD).toBe(0);
          expect(piece.size).toBeLessThanOrEqual(bindingBytes);
          expect(piece.offset + piece.size).toBeLessThanOrEqual(length * samples * WORD);
          for (let s = 0; s < piece.samples; s++) {
            const first = piece.start + s * piece.length;
            expect((first + piece.length) * WORD).toBeLessThanOrEqual(piece.size);
            for (let i = 0; i < piece.length; i++) seen[piece.sample + s]?.push(piece.offset / WORD + first + i);
          }
        }
        const all = seen.flat();
        expect(all).toEqual(Array.from({ length: length * samples }, (_, i) => i));
        expect(seen.map((positions) => positions.length)).toEqual(seen.map(() => length));
      }),
    );
  });
});

describe("groupsWithin", () => {
  const bytes: Readonly<Record<string, number>> = { a: 3, b: 3, c: 9, d: 1, e: 4 };

  it("fills groups in order; what is too large is alone", () => {
    expect(groupsWithin(Object.keys(bytes), (name) => bytes[name] as number, 6)).toEqual([
      ["a", "b"],
      ["c"],
      ["d", "e"],
    ]);
    expect(groupsWithin([], () => 1, 6)).toEqual([]);
  });
});

test("of joined samples those that are taken are cut out of the pieces, each value once", () => {
  for (const bindingBytes of [64, 96, 1 << 20]) {
    const pieces = cut(10, 4, { bindingBytes, alignment: 16 });
    const taken = piecesOf(pieces, (sample) => sample % 2 === 1);
    const values = taken.flatMap(({ offset, start, length, sample, samples }) =>
      Array.from({ length: length * samples }, (_, i) => [sample + Math.floor(i / length), offset / 4 + start + i]),
    );
    expect(values).toEqual([1, 3].flatMap((sample) => Array.from({ length: 10 }, (_, i) => [sample, sample * 10 + i])));
    expect(piecesOf(pieces, () => true)).toEqual(pieces);
  }
});
