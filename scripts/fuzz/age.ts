import { createCipheriv, createDecipheriv, createHmac, hkdfSync, scryptSync } from "node:crypto";
import { concat } from "../../src/engine/onnx/encode.ts";

/** Of every encrypted input; the keys are fixed, so that a seed makes the same inputs in every run, and encrypt nothing else. */
export const PASSPHRASE = "fuzz";
/** Rounds of scrypt as a power of two: few, so that an input takes a millisecond. */
export const FEW_ROUNDS = "2";

const FILE_KEY = new Uint8Array(16).fill(7);
const SALT = new Uint8Array(16).fill(9);
const NONCE = new Uint8Array(16).fill(3);
const CIPHER = "chacha20-poly1305";
const TAG = 16;
/** Bytes of a chunk before it is encrypted (age-encryption.org/v1, "Payload"). */
export const CHUNK = 65_536;

const text = (value: string) => new TextEncoder().encode(value);
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

function encrypted(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG });
  return concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function derived(salt: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", FILE_KEY, salt, info, 32));
}

/** What age wraps a key in for a passphrase, in its two lines. `work` is written as it is; the key is wrapped by as many rounds where these are few. */
export function scryptStanza(work: string = FEW_ROUNDS): string {
  const rounds = /^[1-9]$/.test(work) ? Number(work) : Number(FEW_ROUNDS);
  const salt = concat([text("age-encryption.org/v1/scrypt"), SALT]);
  const key = scryptSync(PASSPHRASE, salt, 32, { N: 2 ** rounds, r: 8, p: 1 });
  return `-> scrypt ${base64(SALT)} ${work}\n${base64(encrypted(key, new Uint8Array(12), FILE_KEY))}\n`;
}

/** A header with these stanzas, whose authentication code is right whatever they say. */
export function header(stanzas: string, version = "age-encryption.org/v1\n"): string {
  const signed = `${version}${stanzas}---`;
  const mac = createHmac("sha256", derived(new Uint8Array(0), "header"))
    .update(signed)
    .digest();
  return `${signed} ${base64(mac)}\n`;
}

const nonceOf = (index: number, isLast: boolean) => {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, index);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
};

/** Each chunk encrypted in its place, the last marked so. */
export function chunksOf(plain: Uint8Array): Uint8Array[] {
  const key = derived(NONCE, "payload");
  const count = Math.max(1, Math.ceil(plain.length / CHUNK));
  return Array.from({ length: count }, (_, i) =>
    encrypted(key, nonceOf(i, i === count - 1), plain.subarray(i * CHUNK, (i + 1) * CHUNK)),
  );
}

/** A chunk as the one of this number, marked as the last or not, whatever it is. */
export function chunkAs(plain: Uint8Array, index: number, isLast: boolean): Uint8Array {
  return encrypted(derived(NONCE, "payload"), nonceOf(index, isLast), plain);
}

export function ageFile(head: string, chunks: readonly Uint8Array[]): Uint8Array {
  return concat([text(head), NONCE, ...chunks]);
}

export function armored(binary: Uint8Array): Uint8Array {
  const lines =
    Buffer.from(binary)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return text(`-----BEGIN AGE ENCRYPTED FILE-----\n${lines.join("\n")}\n-----END AGE ENCRYPTED FILE-----\n`);
}

/** What an encrypted input that was not changed holds, armored or not. */
export function plainOf(file: Uint8Array): Uint8Array {
  const lines = Buffer.from(file).toString("latin1");
  const isArmored = lines.startsWith("-----");
  const binary = isArmored ? Buffer.from(lines.replace(/^-----.*$/gm, ""), "base64") : Buffer.from(file);
  const payload = binary.subarray(binary.indexOf("\n", binary.indexOf("\n---") + 1) + 1 + NONCE.length);
  const parts: Uint8Array[] = [];
  for (let i = 0; i * (CHUNK + TAG) < payload.length; i++) {
    const chunk = payload.subarray(i * (CHUNK + TAG), (i + 1) * (CHUNK + TAG));
    const isLast = (i + 1) * (CHUNK + TAG) >= payload.length;
    const cipher = createDecipheriv(CIPHER, derived(NONCE, "payload"), nonceOf(i, isLast), { authTagLength: TAG });
    cipher.setAuthTag(chunk.subarray(-TAG));
    parts.push(concat([cipher.update(chunk.subarray(0, -TAG)), cipher.final()]));
  }
  return concat(parts);
}
