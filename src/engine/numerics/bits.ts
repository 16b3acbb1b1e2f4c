import { packBytes, unpackBytes } from "./base64.ts";

/** Flags of 0 and 1 as base64 of one bit each, the lowest bit of a byte first; the last byte's rest is 0. */
export function packBits(flags: Uint8Array): string {
  const bytes = new Uint8Array(Math.ceil(flags.length / 8));
  for (let i = 0; i < flags.length; i++) {
    if (flags[i]) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
  }
  return packBytes(bytes);
}

/** The first `count` flags of such a text; null when it has more or fewer than their bytes, or is no base64. */
export function unpackBits(text: string, count: number): Uint8Array | null {
  const bytes = unpackBytes(text, Math.ceil(count / 8));
  return bytes && Uint8Array.from({ length: count }, (_, i) => ((bytes[i >> 3] as number) >> (i & 7)) & 1);
}
