import { expect, test } from "vitest";
import { codeLimits, floatCost, weightLimits } from "./codes.ts";
import { arrayOf, DATA_TYPES, elementBytes, integerLimits, isDataType } from "./elementTypes.ts";

test.each(DATA_TYPES)("an array of %s holds its limits, and nothing beyond them", (type) => {
  const array = new (arrayOf(type))(new ArrayBuffer(elementBytes(type)));
  expect(array.length).toBe(1);
  const store = (value: number | bigint) => {
    array[0] = value;
    return array[0];
  };
  const limits = integerLimits(type);
  if (limits === null) return expect(type).toMatch(/^float/);
  const [low, high] = limits;
  const one = typeof low === "bigint" ? 1n : 1;
  expect([store(low), store(high)]).toEqual([low, high]);
  if (type === "bool") return;
  expect(store((low as number) - (one as number))).toBe(high);
  expect(store((high as number) + (one as number))).toBe(low);
});

test("names that are no types are told from those that are", () => {
  expect(DATA_TYPES.every(isDataType)).toBe(true);
  expect(["string", "bfloat16", "int4", "constructor", "__proto__"].some(isDataType)).toBe(false);
});

test("codes are of as many values as their bits have, but for symmetric int8", () => {
  const size = ([lowest, highest]: readonly [number, number]) => highest - lowest + 1;
  expect([codeLimits("uint8"), codeLimits("int8"), weightLimits("int8"), weightLimits("int4")].map(size)).toEqual([
    256, 256, 255, 16,
  ]);
  expect(weightLimits("int8")).toEqual([-127, 127]);
});

test("a weight in float32 takes what its bits leave of four bytes more", () => {
  expect(["int8" as const, "int4" as const, "float32" as const].map(floatCost)).toEqual([3, 3.5, 0]);
});
