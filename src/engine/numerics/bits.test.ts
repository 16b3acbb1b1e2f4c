import fc from "fast-check";
import { expect, test } from "vitest";
import { packBits, unpackBits } from "./bits.ts";

test("the first flag is the lowest bit of the first byte", () => {
  expect(packBits(Uint8Array.of(1, 0, 0, 0, 0, 0, 1, 0, 1))).toBe(btoa("\x41\x01"));
  expect([...(unpackBits(btoa("\x41\x01"), 9) ?? [])]).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 1]);
});

test("any number of flags comes back, and as another number they are refused", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1), { maxLength: 70 }), (values) => {
      const flags = Uint8Array.from(values);
      const text = packBits(flags);
      expect(unpackBits(text, flags.length)).toEqual(flags);
      expect(unpackBits(text, flags.length + 8)).toBeNull();
    }),
  );
  expect(packBits(new Uint8Array(200_001).fill(1))).toHaveLength(4 * Math.ceil(25_001 / 3));
  expect(unpackBits("no base64!", 8)).toBeNull();
});
