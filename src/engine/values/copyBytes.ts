/** A copy of bytes in memory of its own. A Node Buffer passes for a Uint8Array, and its `slice` is a view. */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
