import { expect, test } from "vitest";
import type { Port } from "../engine/model/tensor.ts";
import { draftOf, readInputs } from "./inputs.ts";

const ports: readonly Port[] = [
  { name: "sr", type: "int64", dims: [] },
  { name: "x", type: "float32", dims: [null, "time"] },
  { name: "state", type: "float32", dims: [2, null, 128] },
];
const asWritten = { shapes: {}, values: {} };

test("data feeds the first input of real numbers, and the others are held at zero", () => {
  const draft = draftOf(ports, asWritten);
  expect(draft.data).toBe("x");
  expect(readInputs(ports, draft)).toEqual({ shapes: {}, values: { sr: 0, state: 0 } });
});

test("numbers of float16 and float64 are real ones too", () => {
  for (const type of ["float16", "float64"] as const) {
    const others = ports.map((port): Port => (port.type === "float32" ? { ...port, type } : port));
    expect(draftOf(others, asWritten).data).toBe("x");
  }
});

test("inputs of names that every object has are like any other", () => {
  const names = ["__proto__", "constructor", "toString"];
  const taken = names.map((name): Port => ({ name, type: "float32", dims: ["n"] }));
  const draft = draftOf(taken, asWritten);
  expect(draft).toMatchObject({ data: "__proto__" });
  expect(Object.entries(draft.shapes)).toEqual(names.map((name) => [name, ""]));
  for (const name of names) {
    const written = { ...draft, data: name, shapes: Object.fromEntries(names.map((each) => [each, "7"])) };
    const inputs = readInputs(taken, written);
    if (typeof inputs === "string") throw new Error(inputs);
    expect(Object.entries(inputs.shapes)).toEqual(names.map((each) => [each, [7]]));
    expect(Object.entries(inputs.values)).toEqual(names.filter((each) => each !== name).map((each) => [each, 0]));
    expect(draftOf(taken, inputs)).toEqual({ ...written, data: name });
  }
});

test("a draft says what the inputs say", () => {
  const inputs = { shapes: { x: [1, 576] }, values: { sr: 16000, state: -0.5 } };
  expect(readInputs(ports, draftOf(ports, inputs))).toEqual(inputs);
});

test.each([
  [{ shapes: { x: "1 x wide" } }, "The shape of x takes whole numbers."],
  [{ shapes: { x: "576" } }, "The shape of x takes 2 numbers."],
  [{ values: { sr: "fast", state: "0" } }, "sr takes a number to be held at."],
])("%j is refused", (change, problem) => {
  expect(readInputs(ports, { ...draftOf(ports, asWritten), ...change })).toBe(problem);
});
