import fc from "fast-check";
import { expect, test } from "vitest";
import { descend } from "./descent.ts";

const INPUTS = 6;
const values = (length: number) =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: length, maxLength: length });

/** d' H d with H = R' R. */
function squared(errors: readonly number[], gram: Float32Array): number {
  return errors.reduce((sum, a, i) => sum + errors.reduce((row, b, j) => row + a * b * gram[i * INPUTS + j]!, 0), 0);
}

test("no single turn is left that would help, and none was made that hurt", () => {
  fc.assert(
    fc.property(
      values(INPUTS * INPUTS),
      values(INPUTS),
      fc.array(fc.boolean(), { minLength: INPUTS, maxLength: INPUTS }),
      (rows, steps, begun) => {
        const gram = new Float32Array(INPUTS * INPUTS);
        for (let i = 0; i < INPUTS; i++) {
          for (let j = 0; j < INPUTS; j++) {
            for (let k = 0; k < INPUTS; k++) gram[i * INPUTS + j]! += rows[k * INPUTS + i]! * rows[k * INPUTS + j]!;
          }
        }
        const step = Float32Array.from(steps, (value) => Math.abs(value));
        const errorsOf = (up: ArrayLike<number>) => Array.from(step, (size, i) => (up[i] ? 0.6 : -0.4) * size);
        const up = Uint8Array.from(begun, Number);
        const before = squared(errorsOf(up), gram);
        const slope = Float64Array.from({ length: INPUTS }, (_, i) =>
          errorsOf(up).reduce((sum, error, j) => sum + error * gram[i * INPUTS + j]!, 0),
        );
        descend({ up, step, slope, gram });
        const after = squared(errorsOf(up), gram);
        expect(after).toBeLessThanOrEqual(before + 1e-9);
        for (let i = 0; i < INPUTS; i++) {
          const turned = Uint8Array.from(up, (value, j) => (j === i ? 1 - value : value));
          expect(squared(errorsOf(turned), gram)).toBeGreaterThan(after - 1e-5);
        }
      },
    ),
  );
});
