import { expect, test } from "vitest";
import { needsShared } from "../testing/shared.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

test("a normalization frozen into Mul and Add is one with its Conv, as in detectors", needsShared, async () => {
  const { bytes, calibration, unseen } = await sharedCase("frozen-batchnorm", ["x"]);
  const { sqnr, quantized } = await quantizeAndCompare(bytes, calibration, unseen);
  expect(Math.min(...Object.values(sqnr))).toBeGreaterThan(24);
  expect(quantized.plan.layers.map(({ operator }) => operator)).toEqual(expect.not.arrayContaining(["Mul", "Add"]));
  expect(
    quantized.plan.layers.filter(({ operator }) => operator === "Conv").every(({ reason }) => reason === null),
  ).toBe(true);
});
