/** String.fromCharCode takes so many arguments everywhere. */
const CHUNK = 8192;

export function packBytes(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** The bytes of such a text; null when they are not `length`, or it is no base64. */
export function unpackBytes(text: string, length: number): Uint8Array<ArrayBuffer> | null {
  let bytes: string;
  try {
    bytes = atob(text);
  } catch {
    return null;
  }
  return bytes.length === length ? Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)) : null;
}
