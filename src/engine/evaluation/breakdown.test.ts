import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClassRight, losingClasses } from "../model/evaluation.ts";
import { Breakdown } from "./breakdown.ts";

const judged = fc.record({
  label: fc.nat(4),
  confidence: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 0.9, 0.99, 1, Number.NaN)),
  float: fc.boolean(),
  quantized: fc.boolean(),
  same: fc.boolean(),
});

test("every sample is counted once by class and, where the float model has a confidence, once by that", () => {
  fc.assert(
    fc.property(fc.array(judged, { minLength: 1 }), (samples) => {
      const breakdown = new Breakdown();
      for (const sample of samples) breakdown.add(sample);
      const { byClass, byConfidence } = breakdown.result(new Map());
      const sure = samples.filter(({ confidence }) => !Number.isNaN(confidence));
      for (const [rows, counted] of [[byClass, samples] as const, [byConfidence, sure] as const]) {
        const sum = (key: "samples" | "float" | "quantized") => rows.reduce((total, row) => total + row[key], 0);
        expect(sum("samples")).toBe(counted.length);
        expect(sum("float")).toBe(counted.filter(({ float }) => float).length);
        expect(sum("quantized")).toBe(counted.filter(({ quantized }) => quantized).length);
      }
      for (const { from, to, samples: count, same } of byConfidence) {
        const within = samples.filter(({ confidence }) => confidence >= from && (confidence < to || to === 1));
        expect([count, same]).toEqual([within.length, within.filter((one) => one.same).length]);
      }
      expect(byClass.map((one) => one.class)).toEqual([...new Set(samples.map(({ label }) => label))].toSorted());
    }),
  );
});

test("classes are called as the data calls them", () => {
  const breakdown = new Breakdown();
  for (const label of [7, 3]) breakdown.add({ label, confidence: 0.6, float: true, quantized: false, same: false });
  expect(breakdown.result(new Map([[3, "cat"]])).byClass).toEqual([
    { class: 3, name: "cat", samples: 1, float: 1, quantized: 0 },
    { class: 7, name: null, samples: 1, float: 1, quantized: 0 },
  ]);
});

test("the worst classes are those that lose the most samples, the smaller first, and none that loses none", () => {
  const right = (label: number, samples: number, float: number, quantized: number): ClassRight => ({
    class: label,
    name: null,
    samples,
    float,
    quantized,
  });
  const rows = [right(0, 90, 80, 78), right(1, 9, 5, 6), right(2, 40, 30, 28), right(3, 50, 40, 30), right(4, 5, 5, 5)];
  expect(losingClasses(rows).map((one) => one.class)).toEqual([3, 2, 0]);
  expect(
    losingClasses(rows)
      .slice(0, 1)
      .map((one) => one.class),
  ).toEqual([3]);
});
