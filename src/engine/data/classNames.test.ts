import { expect, test } from "vitest";
import { classNames } from "./classNames.ts";

const LIST = { path: "classes.txt", names: ["tench", "white shark", "owl"] };

test("classes are called like the folders that are labelled so", () => {
  expect([...classNames([1, 0, 1, null], ["owl", "cat", "owl", "dog"], [], 2)]).toEqual([
    [1, "owl"],
    [0, "cat"],
  ]);
});

test("a list of all classes names those that have no folder, and those whose folder is a number", () => {
  expect([...classNames([1, 2], ["white_shark", "2"], [LIST], 3)]).toEqual([
    [0, "tench"],
    [1, "white_shark"],
    [2, "owl"],
  ]);
  expect(classNames([1, 2], ["1", "2"], [LIST], 1000).size).toBe(0);
  expect(classNames([1, 2], ["1", "2"], [LIST], null).get(2)).toBe("owl");
});

test("where folders are numbers and there is no list, nothing has a name", () => {
  expect(classNames([7, 12], ["007", "12"], [], 1000).size).toBe(0);
  expect(classNames([], [], [], null).size).toBe(0);
});
