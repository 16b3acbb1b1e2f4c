/** Whether no value is NaN or infinite. */
export function isAllFinite(values: Float32Array | Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i] as number) < Infinity)) return false;
  return true;
}
