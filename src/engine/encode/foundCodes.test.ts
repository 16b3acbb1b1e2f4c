import fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "../model/job.ts";
import { isAsymmetric, isCodebook, WEIGHT_TYPES, weightCodes, weightLimits } from "../values/codes.ts";
import { packCodes, unpackCodes } from "./foundCodes.ts";

const types = WEIGHT_TYPES.filter((type) => type !== "nf4" && type !== "float8" && !isCodebook(type));

test("codes and scales of every type come back as they were", () => {
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.integer({ min: 1, max: 33 }), fc.nat(), (type, count, seed) => {
      const [lowest, highest] = weightLimits(type);
      const codes = weightCodes(type, count);
      for (let at = 0; at < count; at++) codes[at] = lowest + ((seed + at * 7) % (highest - lowest + 1));
      const scales = Float32Array.from({ length: 3 }, (_, at) => (seed + at + 1) / 7);
      const worked = isAsymmetric(type) ? weightCodes(type, 3) : null;
      const zeroPoints = worked?.map((_, at) => (seed + at) % (highest + 1)) ?? null;
      const like = { codes, scales, zeroPoints: worked, takesZeroPoints: false };
      expect(unpackCodes(packCodes({ codes, scales, zeroPoints }, type), like, type, "w")).toEqual({
        codes,
        scales,
        zeroPoints,
      });
      // What earlier versions wrote says none.
      const { zeroPoints: _, ...before } = packCodes({ codes, scales, zeroPoints }, type);
      expect(unpackCodes(before, like, type, "w").zeroPoints).toEqual(worked);
    }),
  );
});

test("symmetric codes may have zero points where they are taken, and none where not", () => {
  const found = { codes: Int8Array.of(7, -8, 0), scales: Float32Array.of(1, 2), zeroPoints: Int8Array.of(-8, 5) };
  const packed = packCodes(found, "int4");
  const like = { ...found, zeroPoints: null };
  expect(unpackCodes(packed, { ...like, takesZeroPoints: true }, "int4", "w")).toEqual(found);
  expect(() => unpackCodes(packed, { ...like, takesZeroPoints: false }, "int4", "w")).toThrow(
    /do not fit the weight w/,
  );
  const { zeroPoints: _, ...without } = packed;
  expect(unpackCodes(without, { ...like, takesZeroPoints: true }, "int4", "w").zeroPoints).toBeNull();
  const short = { ...packed, zeroPoints: packed.codes };
  expect(() => unpackCodes(short, { ...like, takesZeroPoints: true }, "int4", "w")).toThrow(/do not fit the weight w/);
});

test("known bytes: two codes a byte, the first lower, and little-endian scales", () => {
  expect(packCodes({ codes: Int8Array.of(1, -1, -8), scales: Float32Array.of(1), zeroPoints: null }, "int4")).toEqual({
    codes: btoa("\xf1\x08"),
    scales: btoa("\x00\x00\x80\x3f"),
  });
});

test.each([Number.NaN, 0, -1, Number.POSITIVE_INFINITY])(
  "a scale of %d is refused: the values would be no weight",
  (scale) => {
    const given = { codes: Uint8Array.of(1, 2), scales: Float32Array.of(0.5, scale), zeroPoints: null };
    const like = { ...given, takesZeroPoints: false };
    const reading = () => unpackCodes(packCodes(given, "uint4"), like, "uint4", "w");
    expect(reading).toThrow(InputError);
    expect(reading).toThrow(/holds a scale that is not positive and finite for the weight w/);
  },
);

test("those of another weight are refused", () => {
  const of = (count: number) => ({
    codes: new Uint8Array(count),
    scales: Float32Array.of(1),
    zeroPoints: new Uint8Array(1),
    takesZeroPoints: false,
  });
  const found = packCodes(of(4), "uint4");
  for (const other of [of(6), { ...of(4), scales: new Float32Array(2), zeroPoints: new Uint8Array(2) }]) {
    const reading = () => unpackCodes(found, other, "uint4", "w");
    expect(reading).toThrow(InputError);
    expect(reading).toThrow(/codes do not fit the weight w/);
  }
  expect(() => unpackCodes(found, { ...of(4), zeroPoints: null }, "uint4", "w")).toThrow(InputError);
  expect(() => unpackCodes({ ...found, codes: "???" }, of(4), "uint4", "w")).toThrow(InputError);
});
