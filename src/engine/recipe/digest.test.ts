import { expect, test } from "vitest";
import { digestOf } from "./digest.ts";

test("equal records have one digest, whatever the order of their names", () => {
  expect(digestOf({ a: "x", b: "y" })).toBe(digestOf({ b: "y", a: "x" }));
});

test.each([
  [{ a: "x" }, { a: "y" }],
  [{ a: "x" }, { b: "x" }],
  [
    { a: "xy", b: "" },
    { a: "x", b: "y" },
  ],
  [{ a: "AAAB" }, { a: "AABA" }],
  [{}, { a: "" }],
])("%j is not %j", (left, right) => expect(digestOf(left)).not.toBe(digestOf(right)));

test("of ten thousand texts that differ in one letter no two share a digest", () => {
  const digests = Array.from({ length: 10_000 }, (_, index) => digestOf({ layer: `AAAA${index.toString(36)}AAAA` }));
  expect(new Set(digests).size).toBe(digests.length);
});
