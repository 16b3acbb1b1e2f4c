import { expect, test } from "vitest";
import { type Contender, interleave } from "./contenders.ts";

test("contenders take turns, and one that fails is not run again", async () => {
  const order: string[] = [];
  const contender = (name: string, runs: number, failAt = Infinity): Contender => ({
    name,
    runs,
    run: async () => {
      order.push(name);
      if (order.filter((other) => other === name).length >= failAt) throw new Error(`${name} broke\nin a place`);
      return { time: order.length, peak: 8 };
    },
  });
  const outcomes = await interleave([contender("a", 3), contender("b", 3, 2), contender("c", 1)], () => undefined);
  expect(order).toEqual(["a", "b", "c", "a", "b", "a"]);
  expect(outcomes.get("a")).toMatchObject({
    failure: null,
    measured: [{ time: 1 }, { time: 4 }, { time: 6 }],
    peaks: [8, 8, 8],
  });
  expect(outcomes.get("b")).toMatchObject({ failure: "b broke", measured: [{ time: 2 }] });
});

test("what is watched apart is watched once, before any run is timed", async () => {
  const order: string[] = [];
  const watched: Contender = {
    name: "a",
    runs: 2,
    run: async () => ({ time: order.push("run") }),
    peak: async () => order.push("peak") * 5,
  };
  const { peaks, measured } = (await interleave([watched], () => undefined)).get("a")!;
  expect(order).toEqual(["peak", "run", "run"]);
  expect(peaks).toEqual([5]);
  expect(measured).toEqual([{ time: 2 }, { time: 3 }]);
});
