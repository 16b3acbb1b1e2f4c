import { expect, test } from "vitest";
import { smoothingScales } from "./smoothing.ts";

const [INPUTS, WEIGHTS] = [Float64Array.of(16, 1, 4, 9), Float64Array.of(1, 4, 4, 1)];

/** Equation 4, before it is brought to 1 in the geometric mean. */
test.each([
  [0.5, [4, 0.5, 1, 3]],
  [1, [16, 1, 4, 9]],
  [0, [1, 0.25, 0.25, 1]],
  [0.75, [8, 4 ** -0.25, 2, 9 ** 0.75]],
])("alpha %d: inputs^alpha / weights^(1 - alpha), in proportion", (alpha, expected) => {
  const scales = smoothingScales(INPUTS, WEIGHTS, alpha);
  for (const [c, scale] of scales.entries()) expect(scale / scales[0]!).toBeCloseTo(expected[c]! / expected[0]!, 12);
  expect(scales.reduce((product, scale) => product * scale, 1)).toBeCloseTo(1, 12);
});

test("channels without inputs or weights keep 1, and none is scaled by more than 10,000", () => {
  expect([...smoothingScales(Float64Array.of(0, 1, 1), Float64Array.of(1, 0, 1), 0.5)]).toEqual([1, 1, 1]);
  const far = smoothingScales(Float64Array.of(1e20, 1, 1), Float64Array.of(1, 1, 1), 1);
  expect([Math.max(...far), Math.min(...far)]).toEqual([1e4, 1e-4]);
});
