import { expect, test } from "vitest";
import { inputScales } from "./inputScales.ts";

const pause = async () => undefined;
const [INPUTS, CHANNELS] = [16, 24];
let seed = 3;
const random = () => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed / 2 ** 30 - 1;
};
const weight = Float32Array.from({ length: INPUTS * CHANNELS }, random);
const diagonal = (values: readonly number[]) =>
  Float64Array.from({ length: INPUTS * INPUTS }, (_, at) => (at % (INPUTS + 1) === 0 ? values[at % INPUTS]! ** 2 : 0));
const find = (magnitudes: readonly number[]) =>
  inputScales(
    [{ weight, channels: CHANNELS, type: "int4" }],
    { inputs: INPUTS, gram: diagonal(magnitudes) },
    Float64Array.from(magnitudes),
    INPUTS,
    pause,
  );

test("inputs that are alike, or always 0, keep 1", async () => {
  for (const size of [0, 2]) {
    const { scales, left } = await find(Array.from({ length: INPUTS }, () => size));
    expect([...scales]).toEqual(Array.from({ length: INPUTS }, () => 1));
    expect(left).toBe(1);
  }
});

test("a large input's weights are multiplied, which loses less of the products", async () => {
  const { scales, power, left } = await find(Array.from({ length: INPUTS }, (_, at) => (at === 5 ? 40 : 1)));
  expect(power).toBeGreaterThan(0);
  expect(scales[5]! / scales[0]!).toBeGreaterThan(1.2);
  expect(left).toBeLessThan(0.8);
  const product = [...scales].reduce((sum, value) => sum + Math.log(value), 0);
  expect(product).toBeCloseTo(0, 9);
});
