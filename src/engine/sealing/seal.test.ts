import { armor, Decrypter, Encrypter } from "age-encryption";
import fc from "fast-check";
import { expect, it, test, vi } from "vitest";
import { InputError } from "../model/job.ts";
import { isSealed, seal, unseal, WrongPassphrase } from "./seal.ts";

const quickly = (file: Uint8Array, passphrase: string) => seal(file, passphrase, 2);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** Made by age 1.1.1 of Debian, `age -p -a`. */
const BY_AGE = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCA0U2FibktKNFU2RG1jRXZY
QlpSZzBRIDE4CkxVZnpteHZwTGFHZnlCc2hYNlNLYXBoWHRKcHJ6WEtSMXZtYU1R
bm1KVFUKLS0tIFdoQXNkYUx2SnBBa3lacEV1UW1neXFaK2Qva0w2VHh3Slo0SERj
TUxWRE0KM8LFKQ4IEoFDRplDH8X8MlDt3asRQ/Oy5K2xQHz/CsjQI3rZypSRabuI
VfroUT3Z/59v9fc=
-----END AGE ENCRYPTED FILE-----
`;

it("opens what age encrypted, armored and binary", async () => {
  const armored = bytesOf(BY_AGE);
  expect([isSealed(armored), isSealed(armor.decode(BY_AGE))]).toEqual([true, true]);
  const opened = await unseal(armored, "scales tell about a model", "vector");
  expect(new TextDecoder().decode(opened)).toBe('{"scale": 0.0078125}\n');
}, 60_000);

it("writes age's format, which any age reads, another file each time", async () => {
  const [one, two] = [await quickly(bytesOf("recipe"), "p"), await quickly(bytesOf("recipe"), "p")];
  expect(latin1(one)).toMatch(/^age-encryption\.org\/v1\n-> scrypt [\w+/]{22} 2\n[\w+/]{43}\n--- [\w+/]{43}\n/);
  expect(one).not.toEqual(two);
  expect(latin1(one)).not.toContain("recipe");
});

it("gives every file back as it was, under every passphrase", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ minLength: 1, unit: "grapheme" }),
      async (file, passphrase) => {
        expect(await unseal(await quickly(file, passphrase), passphrase, "file")).toEqual(file);
      },
    ),
    { numRuns: 20 },
  );
  const long = Uint8Array.from({ length: 3 * 65_536 }, (_, i) => i % 251);
  for (const length of [65_535, 65_536, 65_537, long.length]) {
    const file = long.subarray(0, length);
    expect(Buffer.compare(await unseal(await quickly(file, "p"), "p", "file"), file)).toBe(0);
  }
});

it("tells another passphrase from damage, and which bytes are encrypted at all", async () => {
  const sealed = await quickly(bytesOf("recipe"), "right");
  const wrong = await unseal(sealed, "wrong", "net.recipe.json.age").catch((error) => error);
  expect(wrong).toBeInstanceOf(WrongPassphrase);
  expect(wrong.message).toBe(
    "net.recipe.json.age is not opened by this passphrase; give the one that it was encrypted with.",
  );
  const plain = ["", "{}", "age-encryption.org", "PK"].map((text) => isSealed(bytesOf(text)));
  expect(plain).toEqual([false, false, false, false]);
});

it("notices every bit that is changed, and every byte that is cut off", async () => {
  const sealed = await quickly(bytesOf("a recipe with scales"), "p");
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * sealed.length - 1), async (bit) => {
      const changed = sealed.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await expect(unseal(changed, "p", "file")).rejects.toThrow(InputError);
    }),
    { numRuns: 100 },
  );
  for (let length = 22; length < sealed.length; length++) {
    await expect(unseal(sealed.slice(0, length), "p", "file")).rejects.toThrow(
      "file is encrypted and damaged; copy it again from where it was made.",
    );
  }
});

test.each<[string, RegExp]>([
  [
    "-> scrypt 4SabnKJ4U6DmcEvXBZRg0Q 21\nLUfzmxvpLaGfyBshX6SKaphXtJprzXKR1vmaMQnmJTU\n---",
    /^file asks for 2\^21 rounds of scrypt to be opened, and Octet does 2\^20 at most; encrypt it anew with fewer\.$/,
  ],
  ["-> scrypt 4SabnKJ4U6DmcEvXBZRg0Q 9999\n", /^file asks for 2\^9999 rounds/],
  ["-> scrypt 4SabnKJ4U6DmcEvXBZRg0Q 99999\n", /^file is encrypted and damaged/],
  [
    "-> X25519 0vqEbF7kXYPHZcpqBgBlVqqkRaYT\nabc\n---",
    /^file is encrypted for a key, and .* decrypt it with age first\.$/,
  ],
  ["", /damaged/],
  [`-> scrypt 4SabnKJ4U6DmcEvXBZRg0Q 2\n${`${"A".repeat(64)}\n`.repeat(9)}`, /damaged/],
])("does not begin with %j", async (header, message) => {
  const file = bytesOf(`age-encryption.org/v1\n${header}`);
  await expect(unseal(file, "p", "file")).rejects.toThrow(message);
});

it("parses no header that is longer than one of a passphrase, which would take minutes", async () => {
  const decrypt = vi.spyOn(Decrypter.prototype, "decrypt");
  const endless = bytesOf(`age-encryption.org/v1\n-> scrypt 4SabnKJ4U6DmcEvXBZRg0Q 2\n\n${"-> x y\n\n".repeat(1000)}`);
  await expect(unseal(endless, "p", "file")).rejects.toThrow("damaged");
  expect(decrypt).not.toHaveBeenCalled();
  await unseal(await quickly(endless, "p"), "p", "file");
  expect(decrypt).toHaveBeenCalledOnce();
  decrypt.mockRestore();
});

it("opens nothing that another header with a second recipient claims", async () => {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("p");
  encrypter.setScryptWorkFactor(2);
  const text = latin1(await encrypter.encrypt("x"));
  const doubled = text.replace(/(-> scrypt .*\n.*\n)/, "$1$1");
  await expect(unseal(Buffer.from(doubled, "latin1"), "p", "file")).rejects.toThrow("damaged");
  await expect(unseal(bytesOf(BY_AGE.replace("YWdl", "Y?dl")), "p", "file")).rejects.toThrow("damaged");
});
