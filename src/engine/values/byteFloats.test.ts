import { expect, it } from "vitest";
import { FLOAT8, FLOAT8_VALUES } from "./byteFloats.ts";

const finite = Array.from({ length: 256 }, (_, bits) => bits).filter((bits) => (bits & 0x7f) !== 0x7f);

it("gives every float8 back that float32 holds, both zeros too", () => {
  for (const bits of finite) expect(FLOAT8.narrow(FLOAT8.widen(bits))).toBe(bits);
  for (const bits of [0x7f, 0xff]) {
    expect(FLOAT8.widen(bits)).toBeNaN();
    expect(FLOAT8.narrow(FLOAT8.widen(bits)) & 0x7f).toBe(0x7f);
  }
});

/** float8_e4m3fn of ml_dtypes 0.6.0. */
const KNOWN =
  `1 56, -1 184, 0.1 29, 0.3 42, 3.3 69, 17 88, 18 89, 19 90, 100 108, 240 119, 432 126, 447.9 126, 463.9 126,
  -463.9 254, 0.0078125 4, 0.0009765625 0, 0.00146484375 1, 0.0048828125 2, 0.00001 0, 0.0625 24, 0.06640625 24,
  0.068359375 25, 1.0625 56, 1.1875 58, 27.3 94, 216 118, 224 118, 232 118`
    .split(",")
    .map((pair) => pair.trim().split(" ").map(Number) as [value: number, bits: number]);

it.each(KNOWN)("rounds %d to the bits %d, as ml_dtypes does", (value, bits) => {
  expect(FLOAT8.narrow(Math.fround(value))).toBe(bits);
});

it("rounds what lies between two float8 to the nearer, and the middle to the even one", () => {
  for (let bits = 0; bits < 0x7e; bits++) {
    const [low, high] = [FLOAT8_VALUES[bits]!, FLOAT8_VALUES[bits + 1]!];
    const middle = (low + high) / 2;
    expect(FLOAT8.narrow(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
    expect(FLOAT8.narrow(middle - (high - low) / 64)).toBe(bits);
    expect(FLOAT8.narrow(middle + (high - low) / 64)).toBe(bits + 1);
    expect(FLOAT8.narrow(-middle)).toBe(FLOAT8.narrow(middle) | 0x80);
  }
});

it("saturates, infinities too, and keeps NaN", () => {
  expect([464, 1e9, Infinity, -Infinity].map(FLOAT8.narrow)).toEqual([0x7e, 0x7e, 0x7e, 0xfe]);
  expect(FLOAT8.narrow(Number.NaN) & 0x7f).toBe(0x7f);
});
