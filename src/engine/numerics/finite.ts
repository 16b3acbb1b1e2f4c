import { weightKernel } from "./kernel/weightKernel.ts";

/** Values that the kernel is given at once. */
const AT_ONCE = 1 << 16;
const INFINITY_BITS = 0x7f800000;

/** Whether no value is NaN or infinite. */
export function isAllFinite(values: Float32Array | Float64Array): boolean {
  if (values instanceof Float32Array) return areFinite(values);
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i] as number) < Infinity)) return false;
  return true;
}

function areFinite(values: Float32Array): boolean {
  const kernel = weightKernel();
  const [at = 0] = kernel.place(4 * Math.min(AT_ONCE, values.length));
  for (let from = 0; from < values.length; from += AT_ONCE) {
    const part = values.subarray(from, from + AT_ONCE);
    kernel.floats.set(part, at / 4);
    if (kernel.magnitude(at, part.length) >= INFINITY_BITS) return false;
  }
  return true;
}
