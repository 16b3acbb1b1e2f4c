import { InputError } from "../model/job.ts";
import type { Signature } from "../model/signature.ts";
import { packBytes, unpackBytes } from "../numerics/base64.ts";
import { Sha256 } from "../numerics/sha256.ts";
import { hex } from "../values/hex.ts";

const ALGORITHM = "Ed25519";
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const PRIVATE = "PRIVATE KEY";
const PUBLIC = "PUBLIC KEY";
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----/;
const LINE = 64;

/** What signs: a private key and its public half, 32 bytes. */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly publicKey: Uint8Array;
}

/** A new pair of keys, as the texts of PEM files (PKCS #8 and SPKI, RFC 8410). Throws InputError where there is no Ed25519 here. */
export async function makeKeys(): Promise<{ readonly privatePem: string; readonly publicPem: string }> {
  const pair = await known(crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]));
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  return {
    privatePem: pemOf(PRIVATE, await crypto.subtle.exportKey("pkcs8", privateKey)),
    publicPem: pemOf(PUBLIC, await crypto.subtle.exportKey("spki", publicKey)),
  };
}

/** The private key of a PEM file. Throws InputError, which never quotes the file, where it holds none. */
export async function readPrivateKey(text: string, fileName: string): Promise<SigningKey> {
  const { label, bytes } = readPem(text, fileName, "private");
  if (label === PUBLIC) throw new InputError(`${fileName} is a public key; sign with the private one.`);
  if (label === `ENCRYPTED ${PRIVATE}`) {
    throw new InputError(
      `${fileName} is locked with a passphrase, which Octet does not ask for; give a key without one, as octet keygen writes it.`,
    );
  }
  const read = () => crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, true, ["sign"]);
  const key = label === PRIVATE ? await imported(read) : null;
  const jwk = key && (await crypto.subtle.exportKey("jwk", key));
  const publicKey = jwk?.x && unpackBytes(fromUrl(jwk.x), KEY_BYTES);
  if (!key || !publicKey) throw noKey(fileName, "private");
  return { key, publicKey };
}

/** The public key of a PEM file, 32 bytes. Throws InputError where it holds none. */
export async function readPublicKey(text: string, fileName: string): Promise<Uint8Array> {
  const { label, bytes } = readPem(text, fileName, "public");
  if (label.endsWith(PRIVATE)) throw new InputError(`${fileName} is a private key; verify with the public one.`);
  const read = () => crypto.subtle.importKey("spki", bytes, ALGORITHM, true, ["verify"]);
  const key = label === PUBLIC ? await imported(read) : null;
  if (!key) throw noKey(fileName, "public");
  return new Uint8Array(await crypto.subtle.exportKey("raw", key));
}

export async function sign({ key, publicKey }: SigningKey, bytes: Uint8Array<ArrayBuffer>): Promise<Signature> {
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes));
  return { algorithm: ALGORITHM, key: packBytes(publicKey), signature: packBytes(signature) };
}

/** Whether a signature is of these bytes, by the key that it names. Throws InputError where there is no Ed25519 here. */
export async function isSignatureOf(signature: Signature, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const raw = unpackBytes(signature.key, KEY_BYTES);
  const signed = unpackBytes(signature.signature, SIGNATURE_BYTES);
  if (!raw || !signed) return false;
  const key = await imported(() => crypto.subtle.importKey("raw", raw, ALGORITHM, true, ["verify"]));
  return key !== null && crypto.subtle.verify(ALGORITHM, key, signed, bytes);
}

/** What a public key is called: the first 16 digits of its SHA-256. */
export function keyName(publicKey: Uint8Array): string {
  return hex(new Sha256().update(publicKey).digest()).slice(0, 16);
}

/** The key that a signature names. */
export function keyOf({ key }: Signature): Uint8Array {
  return unpackBytes(key, KEY_BYTES) ?? new Uint8Array();
}

function pemOf(label: string, bytes: ArrayBuffer): string {
  const lines = packBytes(new Uint8Array(bytes)).match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function readPem(
  text: string,
  fileName: string,
  kind: Kind,
): { readonly label: string; readonly bytes: Uint8Array<ArrayBuffer> } {
  const [, label = "", body = ""] = PEM.exec(text) ?? [];
  if (label === "") throw noKey(fileName, kind);
  const packed = body.replaceAll(/\s/g, "");
  const bytes = unpackBytes(packed, Math.floor((packed.replace(/=+$/, "").length * 6) / 8));
  if (!bytes) throw noKey(fileName, kind);
  return { label, bytes };
}

type Kind = "private" | "public";

function noKey(fileName: string, kind: Kind): InputError {
  return new InputError(`${fileName} holds no ${kind} Ed25519 key as PEM; give one that octet keygen wrote.`);
}

/** A key; null where its bytes are none. Throws InputError where there is no Ed25519 here. */
async function imported(read: () => Promise<CryptoKey>): Promise<CryptoKey | null> {
  return known(read()).catch((error: unknown) => {
    if (error instanceof InputError) throw error;
    return null;
  });
}

async function known<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: Error) => {
    if (error.name !== "NotSupportedError") throw error;
    throw new InputError("This browser knows no Ed25519 signatures; use a newer one, or octet verify in a terminal.");
  });
}

function fromUrl(text: string): string {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return plain.padEnd(Math.ceil(plain.length / 4) * 4, "=");
}
