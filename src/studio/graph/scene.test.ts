import { expect, test } from "vitest";
import { meets, shiftInto } from "./scene.ts";

const view = { left: 0, top: 0, right: 100, bottom: 50 };
const box = (left: number, top: number) => ({ left, top, right: left + 20, bottom: top + 10 });

test("a view moves only as far as it takes to see a box with space around it", () => {
  expect(shiftInto(box(40, 20), view, 5)).toEqual({ x: 0, y: 0 });
  expect(shiftInto(box(90, 20), view, 5)).toEqual({ x: 15, y: 0 });
  expect(shiftInto(box(2, -40), view, 5)).toEqual({ x: -3, y: -45 });
});

test("a box larger than the view is centred in it", () => {
  expect(shiftInto({ left: 0, top: 0, right: 300, bottom: 10 }, view, 0)).toEqual({ x: 100, y: 0 });
});

test("boxes meet when they share a point", () => {
  expect(meets(box(100, 50), view)).toBe(true);
  expect(meets(box(101, 0), view)).toBe(false);
  expect(meets(box(0, -11), view)).toBe(false);
});
