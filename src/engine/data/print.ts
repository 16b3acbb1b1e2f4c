/** 48 bits: among a thousand samples and a million others one pair is alike by chance once in 280,000 times. */
const BYTES = 6;
/** Characters of a print. */
export const PRINT_LENGTH = 8;

/** Tells a sample from others by what files hold of it: the first 48 bits of its SHA-256, of several parts of their digests', as base64. */
export async function printOf(parts: readonly Uint8Array[]): Promise<string> {
  const [first, ...others] = await Promise.all(parts.map(sha256));
  const all =
    others.length === 0 ? first! : await sha256(Uint8Array.from([first!, ...others].flatMap((part) => [...part])));
  return btoa(String.fromCharCode(...all.subarray(0, BYTES)));
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
