import { expect, test } from "vitest";
import { needsShared } from "../testing/shared.ts";
import { summarizeModel } from "./open.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

test("the layers of the shared case's functions are quantized", needsShared, async () => {
  const { bytes, calibration, unseen } = await sharedCase("local-functions", ["x"]);
  const { model, recipe, sqnr } = await quantizeAndCompare(bytes, calibration, unseen);
  const { operators, preparation } = summarizeModel(model, recipe);
  expect(operators.find(({ type }) => type === "Conv")).toEqual({ type: "Conv", count: 3, quantized: 3 });
  expect(preparation).toContain("2 function calls inlined");
  expect(sqnr.conv_11).toBeGreaterThan(28);
});
