import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Sha256 } from "./sha256.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const ofText = (text: string) => hex(new Sha256().update(new TextEncoder().encode(text)).digest());

/** NIST's examples, "Secure Hash Standard, SHA-256". */
it.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("%j", (text, digest) => {
  expect(ofText(text)).toBe(digest);
});

it("is that of Node, in whatever parts the bytes come", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(70_001).fill(7))), {
        maxLength: 6,
      }),
      (parts) => {
        const whole = createHash("sha256");
        const ours = new Sha256();
        for (const part of parts) {
          whole.update(part);
          ours.update(part);
        }
        expect(hex(ours.digest())).toBe(whole.digest("hex"));
      },
    ),
    { seed: 11, numRuns: 60 },
  );
});
