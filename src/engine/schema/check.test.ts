import { describe, expect, test } from "vitest";
import { arranged } from "./arrange.ts";
import { check } from "./check.ts";
import {
  also,
  ascending,
  choice,
  either,
  exactly,
  fields,
  finite,
  finites,
  float32,
  float32s,
  integer,
  integers,
  list,
  map,
  named,
  nullable,
  number,
  oneOf,
  record,
  type Schema,
  text,
  tuple,
  whole,
} from "./define.ts";

const problem = (schema: Schema, value: unknown) => check(schema, value, "it").problem;
const parsed = (json: string): unknown => JSON.parse(json);

describe("a sentence names the source, the path, the value and the rule", () => {
  test.each<[string, Schema, unknown, string]>([
    ["the whole", text, 3, "it is 3; it must be a text."],
    ["a member", fields({ a: fields({ b: text }) }), { a: { b: null } }, 'it: "a.b" is null; it must be a text.'],
    [
      "one that is missing",
      fields({ a: fields({ b: oneOf(["x", "y"]) }) }),
      { a: {} },
      'it: "a.b" is missing; it must be "x" or "y".',
    ],
    ["a missing null", fields({ a: nullable(finite) }), {}, 'it: "a" is missing; it must be a number.'],
    ["an item", fields({ a: list(text) }), { a: ["", 1] }, 'it: "a[1]" is 1; it must be a text.'],
    ["a name", fields({ a: record(finite) }), { a: { 'x"': "" } }, 'it: "a["x\\""]" is ""; it must be a number.'],
    ["a key of a map", map(finite), new Map([["x", "y"]]), 'it: "["x"]" is "y"; it must be a number.'],
    ["a list", fields({ a: text }), [], "it is []; it must be an object."],
    [
      "a long value",
      fields({ a: finite }),
      { a: "z".repeat(90) },
      `it: "a" is "${"z".repeat(59)}…; it must be a number.`,
    ],
    ["an integer", integer(1), 0, "it is 0; it must be a whole number from 1."],
    ["a limited one", integer(1, 8), 9, "it is 9; it must be a whole number, 1 to 8."],
    ["2^53", integer(0), 2 ** 53, "it is 9007199254740992; it must be a whole number from 0."],
    ["many integers", integers(0), [1, 1.5], 'it: "[1]" is 1.5; it must be a whole number from 0.'],
    ["infinity", fields({ a: finite }), parsed('{"a": 1e999}'), 'it: "a" is Infinity; it must be a number.'],
    ["many numbers", finites, [1, "NaN"], 'it: "[1]" is "NaN"; it must be a number.'],
    ["a figure", number, "nan", 'it is "nan"; it must be a number, "NaN", "Infinity" or "-Infinity".'],
    ["many extremes", float32s, [0, "NaN"], 'it: "[1]" is "NaN"; it must be a number, "Infinity" or "-Infinity".'],
    ["order", ascending, [0, 2, 2], "it is [0,2,2]; it must be a list of rising whole numbers."],
    ["a length", tuple([finite, finite], "a list of two numbers"), [1], "it is [1]; it must be a list of two numbers."],
    ["what is in it", tuple([finite, finite], "two"), [1, ""], 'it: "[1]" is ""; it must be a number.'],
    ["one of two", either([text, finite], "a text or a number"), true, "it is true; it must be a text or a number."],
    [
      "a whole",
      fields({ a: whole(list(finite), "numbers") }),
      { a: [1, ""] },
      'it: "a" is [1,""]; it must be numbers.',
    ],
    [
      "a rule that follows from what is around",
      fields({ n: finite, a: whole(text, (around) => `as n, ${(around as { n: number }).n}`) }),
      { n: 4, a: 1 },
      'it: "a" is 1; it must be as n, 4.',
    ],
    [
      "a check",
      also(fields({ a: finite }), (_, fail) => fail("else", "a")),
      { a: 1 },
      'it: "a" is 1; it must be else.',
    ],
    [
      "a stranger",
      fields({ a: fields({ b: text }) }),
      { a: { c: 1 } },
      'it: "c" is no field of "a"; remove it or correct it to one of b.',
    ],
    [
      "an inherited one",
      fields({ a: text }),
      parsed('{"a": "", "constructor": 1}'),
      'it: "constructor" is no field of the document; remove',
    ],
    [
      "a prototype",
      fields({ a: text }),
      parsed('{"a": "", "__proto__": 1}'),
      'it: "__proto__" is no field of the document; remove',
    ],
    [
      "a noun",
      fields({ a: named("thing", fields({ b: text })) }),
      { a: { c: 1 } },
      'it: "a": "c" is no field of a thing; these are: b.',
    ],
    [
      "no noun",
      fields({ a: named("thing", fields({ b: text, c: text })) }),
      { a: 1 },
      'it: "a" holds no thing; it must be an object of b,c.',
    ],
  ])("%s", (_, schema, value, sentence) => {
    expect(problem(schema, value)).toContain(sentence);
  });
});

const LIMIT = choice(
  "kind",
  ["drop", "sqnr"],
  [fields({ kind: exactly("drop"), share: finite }), fields({ kind: exactly("sqnr"), decibels: finite })],
);

test("a choice goes by its kind", () => {
  const schema = fields({ limit: LIMIT });
  expect(problem(schema, { limit: { kind: "sqnr", decibels: 3 } })).toBeNull();
  expect(problem(schema, { limit: { kind: "size" } })).toBe('it: "limit.kind" is "size"; it must be "drop" or "sqnr".');
  expect(problem(schema, { limit: {} })).toBe('it: "limit.kind" is missing; it must be "drop" or "sqnr".');
  expect(problem(schema, { limit: [] })).toBe('it: "limit" is []; it must be an object.');
  expect(problem(schema, { limit: { kind: "sqnr", share: 1 } })).toContain('"share" is no field of "limit"');
  expect(problem(schema, { limit: { kind: "sqnr" } })).toBe('it: "limit.decibels" is missing; it must be a number.');
});

test("records keep the names that every object has", () => {
  const names = parsed('{"__proto__": 1, "constructor": 2, "prototype": 3}');
  const { value } = check(record(finite), names, "it");
  expect(Object.entries(value ?? {})).toEqual(Object.entries(names as object));
  expect(problem(record(finite), parsed('{"__proto__": "x"}'))).toBe(
    'it: "["__proto__"]" is "x"; it must be a number.',
  );
});

test("NaN and infinities are read from texts, and taken as they are in memory", () => {
  const schema = list(number);
  expect(check(schema, ["NaN", "Infinity", "-Infinity", 1, Number.NaN, Infinity], "it").value).toEqual([
    ...[Number.NaN, Infinity, -Infinity, 1, Number.NaN, Infinity],
  ]);
  expect(check(list(float32), [0.1, "-Infinity"], "it").value).toEqual([Math.fround(0.1), -Infinity]);
  expect(check(float32s, [0.1, 1], "it").value).toEqual([Math.fround(0.1), 1]);
});

test("members are arranged as in the schema, records by key, lists as they are", () => {
  const schema = fields({ b: record(fields({ y: text, x: text })), a: nullable(list(finite)), limit: LIMIT });
  const value = { limit: { share: 1, kind: "drop" }, a: [3, 1], b: { n: { x: "", y: "" }, "": { y: "", x: "" } } };
  expect(JSON.stringify(arranged(schema, value))).toBe(
    '{"b":{"":{"y":"","x":""},"n":{"y":"","x":""}},"a":[3,1],"limit":{"kind":"drop","share":1}}',
  );
  expect(JSON.stringify(arranged(LIMIT, { decibels: 3, kind: "sqnr" }))).toBe('{"kind":"sqnr","decibels":3}');
});
