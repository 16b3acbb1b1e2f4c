import { crc32 } from "../values/crc32.ts";

const SIGNATURE_BYTES = 8;

/**
 * Whether every chunk up to IEND is whole and has the CRC it carries (PNG specification, 5.3). The decoder does not
 * check them: without this, a damaged file becomes a wrong picture.
 */
export function isIntactPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SIGNATURE_BYTES;
  while (at + 12 <= bytes.length) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) return false;
    if (view.getUint32(at + 4) === 0x49454e44) return true;
    at = end + 4;
  }
  return false;
}
