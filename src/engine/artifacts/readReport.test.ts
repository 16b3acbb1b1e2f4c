import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import type { Report } from "../model/report.ts";
import { readReport, writeReport } from "./report.ts";
import { arbitraryReport } from "./testing/arbitraryReport.ts";
import { REPORT, rangeReport, TUNING } from "./testing/report.ts";

const NAME = "little.report.json";
const read = (text: string) => readReport(text, NAME);

describe("a report that was written", () => {
  it("is read as it was, NaN and infinities included", () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        expect(read(writeReport(report))).toEqual(report);
      }),
    );
    const ranges = [rangeReport("a", Infinity), rangeReport("b", -Infinity), rangeReport("c", Number.NaN)];
    expect(read(writeReport({ ...REPORT, ranges })).ranges).toEqual(ranges);
  });

  it("may have no evaluation", () => {
    expect(read(writeReport({ ...REPORT, evaluation: null })).evaluation).toBeNull();
  });
});

// biome-ignore lint/suspicious/noExplicitAny: any field is damaged
function damaged(damage: (report: any) => unknown): () => Report {
  const report = JSON.parse(writeReport({ ...REPORT, tuning: TUNING }));
  damage(report);
  return () => read(JSON.stringify(report));
}

describe("refuses, and says where and why", () => {
  it("a report cut off anywhere", () => {
    const text = writeReport(REPORT).trimEnd();
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), (length) => {
        expect(() => read(text.slice(0, length))).toThrow(InputError);
        expect(() => read(text.slice(0, length))).toThrow(/is empty|is not complete JSON/);
      }),
    );
  });

  it.each<[string, () => Report, string]>([
    [
      "another kind",
      damaged((r) => (r.kind = "octet-recipe")),
      "is an Octet recipe, not a report; give the report file",
    ],
    ["no kind", damaged((r) => delete r.kind), "neither an Octet recipe nor a calibration or report"],
    ["another version", damaged((r) => (r.version = 2)), "is a report of version 2 and this Octet reads version 1"],
    ["an unknown field", damaged((r) => (r.remarks = "")), '"remarks" is no field of the document'],
    ["a missing field", damaged((r) => delete r.evaluation), '"evaluation" is missing'],
    ["no date", damaged((r) => (r.date = "yesterday")), '"date" is "yesterday"; it must be a date'],
    ["a recipe's version", damaged((r) => (r.recipe.version = 2)), '"recipe.version" is 2'],
    ["a recipe's field", damaged((r) => (r.recipe.method = "best")), '"recipe.method" is "best"'],
    ["an interval", damaged((r) => r.evaluation.top1.interval.pop()), '"evaluation.top1.interval" is [-0.01]'],
    ["a figure", damaged((r) => (r.evaluation.outputs[0].sqnr = "loud")), '"evaluation.outputs[0].sqnr" is "loud"'],
    ["a null figure", damaged((r) => (r.weights[0].sqnr = null)), '"weights[0].sqnr" is null; it must be a number'],
    ["a precision", damaged((r) => (r.model.layers[0].precision = "int3")), '"model.layers[0].precision" is "int3"'],
    ["a limit", damaged((r) => (r.tuning.request.limit.kind = "size")), '"tuning.request.limit.kind" is "size"'],
    ["a decision", damaged((r) => (r.tuning.points[1].decisions[1].kind = "int3")), 'decisions[1].kind" is "int3"'],
    ["a point that is not there", damaged((r) => (r.tuning.best = 2)), '"tuning.best" is 2; it must be'],
    ["half a split", damaged((r) => r.tuning.split.judgement.pop()), '"tuning.split.judgement" is [50]'],
    ["a group twice", damaged((r) => r.ranges.push(r.ranges[0])), '"ranges[3].group" is "image"; it must be a group'],
  ])("%s", (_, reading, message) => {
    expect(reading).toThrow(InputError);
    expect(reading).toThrow(message);
    expect(reading).toThrow(/^little\.report\.json/);
  });
});
