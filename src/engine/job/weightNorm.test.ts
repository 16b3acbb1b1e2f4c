import { expect, test } from "vitest";
import { needsShared } from "../testing/shared.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

test("a weight that is made of constants in the graph is one, as weight_norm leaves it", needsShared, async () => {
  const { bytes, calibration, unseen } = await sharedCase("weight-norm", ["x"]);
  const { sqnr, quantized } = await quantizeAndCompare(bytes, calibration, unseen);
  expect(quantized.plan.layers.map(({ operator, reason }) => [operator, reason])).toEqual(
    ["Conv", "Relu", "Conv", "Relu", "Conv"].map((operator) => [operator, null]),
  );
  expect(Math.min(...Object.values(sqnr))).toBeGreaterThan(30);
});
