import fc from "fast-check";
import { expect, test } from "vitest";
import { frontierOf, type Worth } from "./frontier.ts";

const beats = (a: Worth, b: Worth) =>
  a.bytes <= b.bytes && a.value >= b.value && (a.bytes < b.bytes || a.value > b.value);

test("the frontier holds one of each that no other point beats, and no other", () => {
  const point = fc.record({ bytes: fc.nat({ max: 20 }), value: fc.integer({ min: -10, max: 10 }) });
  fc.assert(
    fc.property(fc.array(point), (points) => {
      const frontier = frontierOf(points);
      for (const point of points) {
        const isBeaten = points.some((other) => beats(other, point));
        const has = frontier.some(({ bytes, value }) => bytes === point.bytes && value === point.value);
        expect(has).toBe(!isBeaten);
      }
      const sizes = frontier.map(({ bytes }) => bytes);
      expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
    }),
  );
});
