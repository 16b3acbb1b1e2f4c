import { expect, test } from "vitest";
import type { SampleTensor } from "../engine/model/dataset.ts";
import type { Port } from "../engine/model/tensor.ts";
import { draftOf, lackText, likelyStates, readHeld, readShapes, sourceText, stateOffer, valuesText } from "./inputs.ts";

const ports: readonly Port[] = [
  { name: "sr", type: "int64", dims: [] },
  { name: "x", type: "float32", dims: [null, "time"] },
  { name: "past", type: "float32", dims: [1, "P", 128] },
];

test("a draft says what the shapes say, those with a dimension of 0 too", () => {
  const shapes = { x: [1, 576], past: [1, 0, 128] };
  expect(draftOf(ports, shapes)).toEqual({ sr: "", x: "1 x 576", past: "1 x 0 x 128" });
  expect(readShapes(ports, draftOf(ports, shapes))).toEqual(shapes);
});

test("inputs of names that every object has are like any other", () => {
  const names = ["__proto__", "constructor", "toString"];
  const taken = names.map((name): Port => ({ name, type: "float32", dims: ["n"] }));
  expect(Object.entries(draftOf(taken, {}))).toEqual(names.map((name) => [name, ""]));
  const shapes = readShapes(taken, Object.fromEntries(names.map((each) => [each, "7"])));
  expect(Object.entries(shapes)).toEqual(names.map((each) => [each, [7]]));
});

test.each([
  [{ x: "1 x wide" }, "The shape of x takes whole numbers."],
  [{ x: "1 x -2" }, "The shape of x takes whole numbers."],
  [{ x: "576" }, "The shape of x takes 2 numbers."],
])("%j is refused", (change, problem) => {
  expect(readShapes(ports, { ...draftOf(ports, {}), ...change })).toBe(problem);
});

test("a value to hold an input at is a number", () => {
  expect(["16000", " -0.5 ", "1,5", "", "fast", "1e999"].map(readHeld)).toEqual([16000, -0.5, 1.5, null, null, null]);
});

test("where an input gets its values is told", () => {
  const data = { name: "a", from: "data", path: "set/1.npy", array: null } as const;
  expect(sourceText({ ...data, kind: "npy", files: 1 })).toBe("set/1.npy");
  expect(sourceText({ ...data, kind: "images", files: 200 })).toBe("200 images, from set/1.npy on");
  expect(sourceText({ ...data, kind: "npz", files: 1, path: "c.npz", array: "a" })).toBe("c.npz: a");
  expect(sourceText({ name: "a", from: "held", value: 0.5 })).toBe("held at 0.5");
  expect(sourceText({ name: "a", from: "filled", filling: "ones" })).toBe("filled: ones");
  const missing = ["a", "b"].map((name) => ({ name, from: "nothing" }) as const);
  expect(lackText([...missing.slice(0, 1), { name: "c", from: "held", value: 0 }])).toBe("a gets no values yet");
  expect(lackText(missing)).toBe("a, b get no values yet");
});

const floats = (name: string, ...dims: Port["dims"]): Port => ({ name, type: "float32", dims });

test("what fits an input in type and shape may feed it, the one that is called like its next state first", () => {
  const h = floats("h", "N", 16);
  const outputs = [floats("y", "N", 4), floats("c", "N", 16), floats("hn", null, 16), floats("flat", 16)];
  expect(stateOffer(h, outputs, {})).toEqual({ outputs: ["hn", "c"], likely: "hn" });
  expect(stateOffer(h, outputs, { h: "hn" })).toEqual({ outputs: ["hn", "c"], likely: "hn" });
  expect(stateOffer(h, outputs, { k: "hn" })).toEqual({ outputs: ["c"], likely: null });
  expect(stateOffer({ ...h, type: "int64" }, outputs, {})).toEqual({ outputs: [], likely: null });
  expect(stateOffer(floats("z", 4), [], {})).toEqual({ outputs: [], likely: null });
});

test("inputs that nothing gives, or that are filled, are known as states by their names", () => {
  const ports = ["x", "h", "past.0", "c", "__proto__"].map((name) => floats(name, 1, 2));
  const outputs = ["y", "hn", "present.0", "cn", "__proto__n"].map((name) => floats(name, 1, 2));
  const sources = [
    { name: "x", from: "nothing" },
    { name: "h", from: "nothing" },
    { name: "past.0", from: "filled", filling: "a past of length 0" },
    { name: "c", from: "held", value: 0 },
    { name: "__proto__", from: "nothing" },
  ] as const;
  expect([...likelyStates(ports, outputs, sources, {})]).toEqual([
    ["h", "hn"],
    ["past.0", "present.0"],
    ["__proto__", "__proto__n"],
  ]);
  expect([...likelyStates(ports, outputs, sources, { c: "hn" })]).toEqual([
    ["past.0", "present.0"],
    ["__proto__", "__proto__n"],
  ]);
});

test("the values of a sample are told, integers as they are", () => {
  const tensor = { name: "x", min: -1, max: 9, mean: 0 };
  const told = (type: SampleTensor["type"], dims: readonly number[], values: SampleTensor["values"]) =>
    valuesText({ ...tensor, type, dims, values });
  expect(told("int64", [1, 3], [101n, 2n ** 62n, -7n])).toBe(`101 ${2n ** 62n} -7`);
  expect(told("int32", [1, 40], Array(40).fill(5))).toBe(`${Array(24).fill(5).join(" ")} …`);
  expect(told("float32", [2], [0.123456, -2])).toBe("0.123, −2.00");
  expect(told("float16", [1, 3, 9, 9], [1, 2, 3, 4, 5, 6, 7])).toBe(
    "1.00, 2.00, 3.00, 4.00, 5.00, 6.00 … (−1.00 to 9.00)",
  );
  expect(told("float32", [1, 0, 4], [])).toBe("no values");
  expect(told("bool", [], [1])).toBe("1");
});
