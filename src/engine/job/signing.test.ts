import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { expect, it, test } from "vitest";
import { readSignature, writeSignature } from "../artifacts/signature.ts";
import { InputError } from "../model/job.ts";
import { isSignatureOf, keyName, keyOf, makeKeys, readPrivateKey, readPublicKey, sign } from "./signing.ts";

const bytes = new TextEncoder().encode("a report");

it("signs as RFC 8032 does (7.1, test 3)", async () => {
  const seed = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex").toString("base64");
  const key = await readPrivateKey(`-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`, "key");
  expect(Buffer.from(key.publicKey).toString("hex")).toBe(
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
  );
  const signature = await sign(key, Uint8Array.of(0xaf, 0x82));
  expect(Buffer.from(signature.signature, "base64").toString("hex")).toBe(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  );
  expect(await isSignatureOf(signature, Uint8Array.of(0xaf, 0x82))).toBe(true);
  expect(await isSignatureOf(signature, Uint8Array.of(0xaf, 0x83))).toBe(false);
});

it("makes keys that OpenSSL reads, and reads those that OpenSSL makes", async () => {
  const { privatePem, publicPem } = await makeKeys();
  const made = createPublicKey(createPrivateKey(privatePem)).export({ type: "spki", format: "pem" });
  expect(publicPem).toBe(made);
  const signature = await sign(await readPrivateKey(privatePem, "key"), bytes);
  expect(verify(null, bytes, publicPem, Buffer.from(signature.signature, "base64"))).toBe(true);
  expect(keyOf(signature)).toEqual(await readPublicKey(publicPem, "key"));
  const other = generateKeyPairSync("ed25519");
  const pem = other.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const spki = other.publicKey.export({ type: "spki", format: "pem" }).toString();
  const { publicKey } = await readPrivateKey(pem.replaceAll("\n", "\r\n"), "key");
  expect(publicKey).toEqual(await readPublicKey(spki, "key"));
  expect(keyName(publicKey)).toMatch(/^[0-9a-f]{16}$/);
});

const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const curve = generateKeyPairSync("ed25519");
const pem = { type: "pkcs8", format: "pem" } as const;
const locked = { ...pem, cipher: "aes-256-cbc", passphrase: "a" };

test.each<[string, string, string]>([
  ["no PEM", "ssh-ed25519 AAAA", "key.pem holds no private Ed25519 key as PEM; give one that octet keygen wrote."],
  ["PEM cut off", "-----BEGIN PRIVATE KEY-----\nMC4C", "key.pem holds no private Ed25519 key as PEM"],
  [
    "PEM of nothing",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    "key.pem holds no private Ed25519",
  ],
  ["another algorithm's", rsa.privateKey.export(pem).toString(), "key.pem holds no private Ed25519 key as PEM"],
  ["a locked one", curve.privateKey.export(locked).toString(), "key.pem is locked with a passphrase"],
  [
    "a public one",
    curve.publicKey.export({ type: "spki", format: "pem" }).toString(),
    "key.pem is a public key; sign with the private one.",
  ],
])("refuses to sign with %s", async (_, text, message) => {
  const reading = readPrivateKey(text, "key.pem");
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(message);
});

test.each<[string, string, string]>([
  ["no PEM", "", "key.pem holds no public Ed25519 key as PEM; give one that octet keygen wrote."],
  [
    "another algorithm's",
    rsa.publicKey.export({ type: "spki", format: "pem" }).toString(),
    "key.pem holds no public Ed25519 key as PEM",
  ],
  ["a private one", curve.privateKey.export(pem).toString(), "key.pem is a private key; verify with the public one."],
])("refuses to verify with %s", async (_, text, message) => {
  const reading = readPublicKey(text, "key.pem");
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(message);
});

it("reads a signature as it was written, and no base64 that has bits to spare", async () => {
  const signature = await sign(await readPrivateKey((await makeKeys()).privatePem, "key"), bytes);
  const text = writeSignature(signature);
  expect(readSignature(text, "a.sig")).toEqual(signature);
  const spare = { ...signature, signature: signature.signature.replace(/.==$/, "B==") };
  expect(() => readSignature(writeSignature(spare), "a.sig")).toThrow(
    /"signature" is .*; it must be 64 bytes as base64/,
  );
});
