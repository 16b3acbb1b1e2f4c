import { expect, test } from "vitest";
import { classNames } from "./classNames.ts";

const LIST = { path: "classes.txt", names: ["tench", "white shark", "owl"] };

const of = (numbers: Record<string, number>) => new Map(Object.entries(numbers));

test("classes are called like the folders that are labelled so", () => {
  expect([...classNames(of({ owl: 1, cat: 0 }), [], 2)]).toEqual([
    [1, "owl"],
    [0, "cat"],
  ]);
});

test("a list of all classes names those that have no folder, and those whose folder is a number", () => {
  expect([...classNames(of({ white_shark: 1, "2": 2 }), [LIST], 3)]).toEqual([
    [0, "tench"],
    [1, "white_shark"],
    [2, "owl"],
  ]);
  expect(classNames(of({ "1": 1, "2": 2 }), [LIST], 1000).size).toBe(0);
  expect(classNames(of({ "1": 1, "2": 2 }), [LIST], null).get(2)).toBe("owl");
});

test("where folders are numbers and there is no list, nothing has a name", () => {
  expect(classNames(of({ "007": 7, "12": 12 }), [], 1000).size).toBe(0);
  expect(classNames(of({}), [], null).size).toBe(0);
});
