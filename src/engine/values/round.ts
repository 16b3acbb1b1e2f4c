const INTEGERS_FROM = 2 ** 52;
const SHIFT = 1.5 * INTEGERS_FROM;

/**
 * Rounds to the nearest integer, ties to even (IEEE 754 roundTiesToEven), as ONNX, NumPy and TensorRT do.
 * Never returns -0; NaN and infinities come back as they are.
 */
export function roundHalfEven(x: number): number {
  if (x >= 0) return x < INTEGERS_FROM ? x + INTEGERS_FROM - INTEGERS_FROM : x;
  return x > -INTEGERS_FROM ? x - INTEGERS_FROM + INTEGERS_FROM : x;
}

/** As `roundHalfEven`, for |x| < 2^51 only, and without a branch: adding the shift leaves no bits for a fraction. */
export function roundSmallHalfEven(x: number): number {
  return x + SHIFT - SHIFT;
}
