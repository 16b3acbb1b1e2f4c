/** 48 bits: among a thousand samples and a million others one pair is alike by chance once in 280,000 times. */
const BYTES = 6;

/** Tells a sample from others by what files hold of it: the first 48 bits of its SHA-256, of several parts of their digests', as base64. */
export async function printOf(parts: readonly Uint8Array[]): Promise<string> {
  const [first, ...others] = await Promise.all(parts.map(sha256));
  const all =
    others.length === 0 ? first! : await sha256(Uint8Array.from([first!, ...others].flatMap((part) => [...part])));
  return btoa(String.fromCharCode(...all.subarray(0, BYTES)));
}

/**
 * The prints of steps: which step of which sequence it is, as one step, such as a token, may well be in any sequence.
 * `bytesOf` gives what files hold of a step.
 */
export function stepPrints(
  length: number,
  startOf: (index: number) => number,
  bytesOf: (index: number) => readonly Promise<Uint8Array>[],
): (index: number) => Promise<string> {
  let last: { readonly start: number; readonly print: Promise<string> } | null = null;
  const sequencePrint = async (start: number) => {
    const parts: Uint8Array[] = [];
    for (let at = start; at < length && startOf(at) === start; at++) parts.push(...(await Promise.all(bytesOf(at))));
    return printOf(parts);
  };
  return async (index) => {
    const start = startOf(index);
    if (last?.start !== start) last = { start, print: sequencePrint(start) };
    return printOf([new TextEncoder().encode(`${await last.print} ${index - start}`)]);
  };
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
