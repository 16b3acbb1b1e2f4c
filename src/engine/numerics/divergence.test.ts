import { expect, test } from "vitest";
import { divergence } from "./divergence.ts";
import { drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

const RANGE = { low: -4, high: 4 };
const moved = (values: Float32Array, by: number) => observe(values.map((value) => value + by));

test("of normal distributions a step apart it is half of the step squared", () => {
  const before = observe(drawFrom("gaussian", 40000, 1));
  for (const step of [0.25, 0.5, 1]) {
    const found = divergence(moved(drawFrom("gaussian", 40000, 2), step), before, RANGE);
    expect(Math.abs(found - step ** 2 / 2)).toBeLessThan(0.03);
  }
});

test("of the same values it is 0, and it is never below", () => {
  const seen = observe(drawFrom("laplace", 2000));
  expect(divergence(seen, seen, RANGE)).toBe(0);
  expect(divergence(observe(new Array(4).fill(0)), observe(new Array(160).fill(0)), RANGE)).toBe(0);
  expect(divergence(observe(new Array(160).fill(3)), observe(new Array(4).fill(3)), RANGE)).toBe(0);
  expect(divergence(observe([0, 0]), observe([0]), RANGE)).toBeGreaterThanOrEqual(0);
});

test("values that lie wholly outside of the range, on either side, count, up to a bound", () => {
  const before = observe(drawFrom("gaussian", 20000));
  for (const by of [100, -100]) {
    const far = divergence(moved(drawFrom("gaussian", 20000), by), before, RANGE);
    expect(far).toBeGreaterThan(8);
    expect(far).toBeLessThan(11.8);
  }
});

test("few values of one kind do not look like others by chance", () => {
  for (let seed = 1; seed < 30; seed++) {
    const [a, b] = [drawFrom("gaussian", 20, seed), drawFrom("gaussian", 20, 100 + seed)];
    expect(divergence(observe(a), observe(b), RANGE)).toBeLessThan(0.5);
  }
});

test("without a finite value there is none", () => {
  expect(divergence(observe([Number.NaN]), observe([1]), RANGE)).toBeNaN();
});
