import { expect, it } from "vitest";
import { signFlipTest } from "./signFlip.ts";

it("counts every pattern of signs where they are few", () => {
  expect(signFlipTest([1, 2, 3])).toBe(1 / 8);
  expect(signFlipTest([1, 1, 1, 1, -1])).toBe(6 / 32);
  expect(signFlipTest([-1, -2, -3])).toBe(1);
  expect(signFlipTest([0.1, 0.2, 0.3, 0, 0])).toBe(1 / 8);
});

it("is 1 where nothing differs", () => {
  expect(signFlipTest([])).toBe(1);
  expect(signFlipTest([0, 0, 0])).toBe(1);
});

it("draws patterns where they are many, the same at every call", () => {
  const differences = Array.from({ length: 20 }, (_, i) => (i < 5 ? -1 : 1));
  const tail = 21700 / 2 ** 20; // P(5 or fewer of 20 are negative), the binomial tail
  expect(signFlipTest(differences)).toBeGreaterThan(tail - 0.004);
  expect(signFlipTest(differences)).toBeLessThan(tail + 0.004);
  expect(signFlipTest(differences)).toBe(signFlipTest(differences));
});

it("is never 0, and uses more than 32 differences", () => {
  expect(signFlipTest(new Array(64).fill(1))).toBe(1 / 20_001);
  const late = Array.from({ length: 64 }, (_, i) => (i < 32 ? 1e-6 : i % 2 === 0 ? 1 : -1));
  expect(signFlipTest(late)).toBeGreaterThan(0.3);
});
