import { expect, test } from "vitest";
import { dimsText, elementCount } from "./dims.ts";

test("a shape has the product of its dimensions as elements, and one where it has none", () => {
  expect([[], [0, 3], [2, 3, 4]].map(elementCount)).toEqual([1, 0, 24]);
});

test("a shape is told with the names of its dimensions, and a question mark for one that is open", () => {
  expect(dimsText(["batch", 3, null])).toBe("batch × 3 × ?");
  expect(dimsText([224])).toBe("224");
  expect(dimsText([])).toBe("scalar");
});
