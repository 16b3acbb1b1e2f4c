import { expect, test } from "vitest";
import { Observer } from "../numerics/observer.ts";
import { seesSeldom, seldomWhere, wasSeldom } from "./seldom.ts";

test("what is needed is counted always, by itself and for what follows from it", () => {
  const plan = {
    watch: ["x", "conv", "same", "normal", "relu"],
    derived: [
      { tensor: "same", from: ["conv"], clamp: null },
      { tensor: "relu", from: ["normal"], clamp: { low: 0, high: Infinity } },
    ],
    seldom: [],
  };
  const where = (...needed: string[]) => seldomWhere(plan, (tensor) => needed.includes(tensor)).seldom;
  expect(where("x", "normal", "relu")).toEqual(["conv"]);
  expect(where("x", "same", "relu")).toEqual([]);
  expect(where("x", "relu")).toEqual(["conv"]);
});

test("a tensor was seldom where it was seen in no other samples than those that see all", () => {
  const seenIn = (...samples: number[]) => {
    const observer = new Observer();
    for (const sample of samples) observer.observe(Float32Array.of(1), sample);
    return observer.statistics();
  };
  const observed = Array.from({ length: 20 }, (_, i) => i);
  expect(observed.filter(seesSeldom)).toEqual([0, 8, 16]);
  expect(wasSeldom(seenIn(0, 8, 16), observed)).toBe(true);
  expect(wasSeldom(seenIn(...observed), observed)).toBe(false);
  expect(wasSeldom(seenIn(0), [0])).toBe(false);
  expect(wasSeldom(seenIn(), observed)).toBe(false);
});
