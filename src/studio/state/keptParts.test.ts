import fc from "fast-check";
import { expect, test } from "vitest";
import { evictions, type KeptPart, makingWay, partOf, sizeOf, totalOf } from "./keptParts.ts";

const part = (store: string, sha256: string, bytes: number, savedAt: number): KeptPart => ({
  ...{ id: `${store} ${sha256}`, key: sha256, store, sha256, bytes, savedAt },
});

test("a value takes what its numbers, texts and files take", () => {
  expect(sizeOf(new Float64Array(100))).toBe(800);
  expect(sizeOf(Array.from({ length: 50 }, (_, i) => i))).toBe(400);
  expect(sizeOf(new Map([["abcd", { counts: new Uint8Array(16) }]]))).toBe(4 + 6 + 16);
  expect(sizeOf([new File([new Uint8Array(9)], "a.npy"), null, undefined, true])).toBe(9 + 3 * 8);
  expect(partOf("results", { id: "7", sha256: "ab" }, 5)).toMatchObject({ id: "results 7", key: "7", sha256: "ab" });
});

test("what can be made again goes first, oldest first, and nothing of the open model", () => {
  const parts = [
    part("sessions", "old", 10, 1),
    part("results", "old", 40, 1),
    part("calibrations", "old", 100, 1),
    part("calibrations", "new", 100, 2),
    part("calibrations", "open", 100, 0),
    part("files", "old", 500, 1),
  ];
  const gone = (most: number) => evictions(parts, "open", most, 1000).gone.map(({ id }) => id);
  expect(gone(350)).toEqual([]);
  expect(gone(300)).toEqual(["calibrations old"]);
  expect(gone(200)).toEqual(["calibrations old", "calibrations new"]);
  expect(gone(110)).toEqual(["calibrations old", "calibrations new", "results old"]);
  expect(evictions(parts, "open", 99, 1000).fits).toBe(false);
  expect(evictions(parts, "open", 350, 499).gone.map(({ id }) => id)).toEqual(["files old"]);
});

test("where the browser is full only what can be made again gives way, and only where that is enough", () => {
  const parts = [
    part("sessions", "old", 10, 1),
    part("results", "old", 40, 1),
    part("files", "old", 500, 1),
    part("codes", "old", 30, 1),
    part("calibrations", "old", 100, 2),
    part("calibrations", "open", 100, 0),
  ];
  const gone = (bytes: number) => makingWay(parts, "open", bytes).map(({ id }) => id);
  expect(gone(1)).toEqual(["calibrations old"]);
  expect(gone(101)).toEqual(["calibrations old", "codes old"]);
  expect(gone(131)).toEqual([]);
});

test("whatever is kept, what stays is within the bound or is the open model's alone, and nothing goes in vain", () => {
  const stores = fc.constantFrom("calibrations", "tunings", "roundings", "codes", "results", "sessions");
  const one = fc.tuple(stores, fc.constantFrom("a", "b", "open"), fc.nat(100), fc.nat(9));
  const all = fc.array(one, { maxLength: 12 }).map((some) => some.map((each) => part(...each)));
  fc.assert(
    fc.property(all, fc.nat(400), (parts, most) => {
      const { gone, fits } = evictions(parts, "open", most);
      const left = parts.filter((each) => !gone.includes(each));
      expect(fits).toBe(totalOf(left) <= most);
      if (!fits) expect(left.every(({ sha256 }) => sha256 === "open")).toBe(true);
      const last = gone.at(-1);
      if (last) expect(totalOf(left) + last.bytes).toBeGreaterThan(most);
    }),
    { seed: 12, numRuns: 200 },
  );
});
