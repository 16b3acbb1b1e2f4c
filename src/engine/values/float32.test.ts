import fc from "fast-check";
import { expect, test } from "vitest";
import { float32AtLeast, float32AtMost } from "./float32.ts";

test.each([
  [6, 6, 6],
  [0.1, 0.09999999403953552, 0.10000000149011612],
  [-0.1, -0.10000000149011612, -0.09999999403953552],
  [1e-50, 0, 2 ** -149],
  [-1e-50, -(2 ** -149), 0],
  [1e39, (2 - 2 ** -23) * 2 ** 127, Infinity],
])("%d lies between %d and %d", (value, below, above) => {
  expect([float32AtMost(value), float32AtLeast(value) + 0]).toEqual([below, above]);
});

test("a float32 is above a value where it is above the float32 at most that", () => {
  const near = fc.tuple(fc.double({ noNaN: true }), fc.integer({ min: -2, max: 2 })).map(([value, steps]) => {
    let other = Math.fround(value);
    for (let step = 0; step < Math.abs(steps); step++) {
      other =
        steps > 0
          ? float32AtLeast(other * (1 + Math.sign(other) * 1e-9))
          : float32AtMost(other * (1 - Math.sign(other) * 1e-9));
    }
    return [value, other] as const;
  });
  fc.assert(
    fc.property(near, ([value, other]) => {
      expect(other > float32AtMost(value)).toBe(other > value);
      expect(other < float32AtLeast(value)).toBe(other < value);
    }),
  );
});
