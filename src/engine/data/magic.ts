export type ImageFormat = "jpeg" | "png" | "webp";
export type Content = ImageFormat | "npy" | "idx" | "gzip" | "zip";

/** Bytes that `sniff` needs to see. */
export const MAGIC_BYTES = 16;

const IDX_TYPES = [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e];

function startsWith(bytes: Uint8Array, magic: readonly number[], at = 0): boolean {
  return bytes.length >= at + magic.length && magic.every((byte, i) => bytes[at + i] === byte);
}

const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];

/** The image format that the first bytes announce, or null. */
export function imageFormat(head: Uint8Array): ImageFormat | null {
  if (startsWith(head, [0xff, 0xd8, 0xff])) return "jpeg";
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  if (startsWith(head, RIFF) && startsWith(head, WEBP, 8)) return "webp";
  return null;
}

export function isGzip(head: Uint8Array): boolean {
  return startsWith(head, [0x1f, 0x8b]);
}

/** What a file's first bytes say it is, or null when that is nothing we read. */
export function sniff(head: Uint8Array): Content | null {
  const image = imageFormat(head);
  if (image) return image;
  if (startsWith(head, [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59])) return "npy";
  if (isGzip(head)) return "gzip";
  if (startsWith(head, [0x50, 0x4b, 3, 4]) || startsWith(head, [0x50, 0x4b, 5, 6])) return "zip";
  if (startsWith(head, [0, 0]) && IDX_TYPES.includes(head[2]!) && head[3]! >= 1 && head[3]! <= 4) return "idx";
  return null;
}
