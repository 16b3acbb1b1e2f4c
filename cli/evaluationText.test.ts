import { expect, it } from "vitest";
import { REPORT } from "../src/engine/artifacts/testing/report.ts";
import { describeEvaluation } from "./evaluationText.ts";

it("gives each part of an output a line below that of the output", () => {
  const evaluation = REPORT.evaluation!;
  const part = (first: number, last: number, largest: number, sqnr: number) => ({
    axis: 1,
    channels: [[first, last] as const],
    largest,
    sqnr,
  });
  const output = { ...evaluation.outputs[0]!, sqnr: 0, parts: [part(4, 8, 0.98, 0), part(0, 3, 634, 38.8)] };
  const lines = describeEvaluation({ ...evaluation, outputs: [output] });
  const at = lines.findIndex((line) => line.startsWith("scores: SQNR 0 dB, "));
  expect(lines.slice(at + 1, at + 3)).toEqual([
    "  channels 4 to 8 (up to 0.980): SQNR 0 dB",
    "  channels 0 to 3 (up to 634): SQNR 38.8 dB",
  ]);
});
