import fc from "fast-check";
import { expect, test } from "vitest";
import { writeCompactJson, writeJson } from "./json.ts";

test("holds the value it was given, in both forms", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      expect(JSON.parse(writeJson(value))).toEqual(plain);
      expect(JSON.parse(writeCompactJson(value))).toEqual(plain);
    }),
  );
});

test("keeps short values and plain lists on one line", () => {
  const counts = Array.from({ length: 64 }, (_, i) => 1000 + i);
  expect(writeJson({ range: { low: 0, high: 6 }, counts })).toBe(
    `{\n  "range": {"low": 0, "high": 6},\n  "counts": [${counts.join(", ")}]\n}\n`,
  );
});

test("writes NaN and infinities as strings", () => {
  expect(writeCompactJson([NaN, Infinity, -Infinity, 1])).toBe('["NaN","Infinity","-Infinity",1]');
  expect(writeJson({ sqnr: Infinity })).toBe('{"sqnr": "Infinity"}\n');
});
