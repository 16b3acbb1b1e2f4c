const INTEGERS_FROM = 2 ** 52;

/**
 * Rounds to the nearest integer, ties to even (IEEE 754 roundTiesToEven), as ONNX, NumPy and TensorRT do.
 * Never returns -0; NaN and infinities come back as they are.
 */
export function roundHalfEven(x: number): number {
  if (x >= 0) return x < INTEGERS_FROM ? x + INTEGERS_FROM - INTEGERS_FROM : x;
  return x > -INTEGERS_FROM ? x - INTEGERS_FROM + INTEGERS_FROM : x;
}
