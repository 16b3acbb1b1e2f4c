import { expect, test } from "vitest";
import { tableLines, targetLines } from "./text.ts";
import { atLeast, atMost } from "./verdict.ts";

test("a table has every column of any row, in the order in which they appear", () => {
  expect(
    tableLines([
      { what: "a", "time (s)": 1.23456 },
      { what: "long name", runs: 3 },
    ]),
  ).toEqual([
    "| what      | time (s) | runs |",
    "| --------- | -------- | ---- |",
    "| a         | 1.23     |      |",
    "| long name |          | 3    |",
    "",
  ]);
  expect(tableLines([])).toEqual([]);
});

test("targets say what was measured, what was wanted and whether it was met", () => {
  const lines = targetLines([atMost("time", 0.4567, 0.5), atLeast("speed", 123.4, 200, "MB/s")]);
  expect(lines[2]).toMatch(/time +\| 0\.457 x +\| 0\.500 x +\| met/);
  expect(lines[3]).toMatch(/speed +\| 123 MB\/s +\| 200 MB\/s +\| MISSED/);
});
