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

it("names the layers of which clip ranges cut off most", () => {
  const each = (producer: string, share: number) => ({
    ...{ tensor: `${producer}_out`, producer, range: { low: 0, high: 1 } },
    ...{ values: 4000, share },
  });
  const said = (...clipped: ReturnType<typeof each>[]) =>
    describeEvaluation({ ...REPORT.evaluation!, clipped }).filter((line) => line.startsWith("values outside"));
  expect(said(each("a", 0.001), each("b", 0), each("c", 0.25), each("d", 0.01), each("e", 0.02))).toEqual([
    "values outside the 5 clip ranges, by layer, most first: c 25.0 %, e 2.00 %, d 1.00 %",
  ]);
  expect(said(each("a", 0))).toEqual(["values outside the 1 clip range: none"]);
  expect(said()).toEqual([]);
});
