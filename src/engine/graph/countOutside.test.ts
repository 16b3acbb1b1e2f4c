import fc from "fast-check";
import { expect, test } from "vitest";
import type { Range } from "../model/range.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { countOutside } from "./countOutside.ts";
import { run } from "./testing/native.ts";

const model = buildModel({
  opset: 13,
  inputs: [floatInput("x", ["n"])],
  outputs: ["y"],
  nodes: [makeNode("Neg", ["x"], ["y"], { name: "neg" })],
});

/** How many values of x, and of y = -x, lie outside, and how many there are. */
async function counted(values: Float32Array, ranges: Readonly<Record<string, Range>>) {
  const { model: counting, counts } = countOutside(model, new Map(Object.entries(ranges)));
  const outputs = await run(
    counting,
    new Map([["x", { type: "float32" as const, dims: [values.length], data: values }]]),
  );
  const at = (name: string) => Number(outputs.get(name)!.data[0]);
  expect(outputs.size).toBe(2 * counts.size);
  return Object.fromEntries([...counts].map(([tensor, { outside, all }]) => [tensor, [at(outside), at(all)]]));
}

test("values at the ends of a range are inside, infinite ones outside, and NaN neither", async () => {
  const values = Float32Array.of(-1, -1.0000001, 0, 2, 2.0000002, Infinity, -Infinity, NaN);
  expect(await counted(values, { x: { low: -1, high: 2 }, y: { low: -1, high: 2 } })).toEqual({ x: [4, 8], y: [4, 8] });
});

test("an end that is no float32 parts the float32 values on either side of it", async () => {
  const values = Float32Array.of(0.1, -0.1, 0.09999999403953552, -0.09999999403953552);
  expect(await counted(values, { x: { low: -0.1, high: 0.1 } })).toEqual({ x: [2, 4] });
});

test("as many lie outside as are found one by one", { timeout: 20_000 }, async () => {
  const bound = fc.double({ min: -2, max: 2, noNaN: true });
  const range = fc.tuple(bound, bound).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
  const values = fc.array(fc.oneof(fc.float({ min: -3, max: 3 }), fc.float()), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(values, range, range, async (some, x, y) => {
      const data = Float32Array.from(some);
      const outside = (sign: number, { low, high }: Range) =>
        data.filter((v) => sign * v < low || sign * v > high).length;
      expect(await counted(data, { x, y })).toEqual({
        x: [outside(1, x), data.length],
        y: [outside(-1, y), data.length],
      });
    }),
    { numRuns: 60 },
  );
});
