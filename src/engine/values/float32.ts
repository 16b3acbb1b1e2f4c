const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);
const LEAST = 2 ** -149;

/** The largest float32 that is not above a value; a float32 is above the one where it is above the other. */
export function float32AtMost(value: number): number {
  const near = Math.fround(value);
  if (!(near > value)) return near;
  if (near === 0) return -LEAST;
  floats[0] = near;
  words[0] = words[0]! + (near > 0 ? -1 : 1);
  return floats[0];
}

/** The least float32 that is not below a value. */
export function float32AtLeast(value: number): number {
  return -float32AtMost(-value);
}
