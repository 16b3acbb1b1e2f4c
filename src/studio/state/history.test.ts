import { expect, test } from "vitest";
import { amend, begin, edit, map, redo, undo } from "./history.ts";

test("undo and redo walk through every edit", () => {
  let history = begin("a");
  history = edit(history, "b", "first", 0);
  history = edit(history, "c", "second", 1);
  history = undo(undo(undo(history)));
  expect(history.present).toBe("a");
  history = redo(redo(redo(history)));
  expect(history.present).toBe("c");
});

test("a quick run of the same edit is one step, a slow one is not", () => {
  let history = edit(begin(0), 1, "nudge", 1000);
  history = edit(history, 2, "nudge", 1500);
  expect(undo(history).present).toBe(0);
  history = edit(history, 3, "nudge", 9000);
  expect(undo(history).present).toBe(2);
});

test("a new edit after undo drops what was undone, and never joins the edit before it", () => {
  let history = edit(begin(0), 1, "nudge", 1000);
  history = edit(history, 2, "other", 1001);
  history = edit(undo(history), 3, "nudge", 1002);
  expect(redo(history).present).toBe(3);
  expect(undo(history).present).toBe(1);
});

test("amending adds no step", () => {
  const history = amend(edit(begin("a"), "b", "x", 0), "b, resolved");
  expect(history.present).toBe("b, resolved");
  expect(undo(history).present).toBe("a");
});

test("a change of every value is no step, and undo and redo lead to changed values", () => {
  const history = map(undo(edit(edit(begin(1), 2, "x", 0), 3, "y", 0)), (value) => 10 * value);
  expect([undo(history), history, redo(history)].map(({ present }) => present)).toEqual([10, 20, 30]);
  expect(history.past).toHaveLength(1);
});
