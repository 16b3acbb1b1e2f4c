import { expect, test } from "vitest";
import { REPORT } from "../../engine/artifacts/testing/report.ts";
import { judged, unjudged } from "./verdict.ts";

const evaluation = REPORT.evaluation!;

test("another limit judges the same drop again", () => {
  expect(judged(evaluation, 0.02).verdict).toEqual({ limit: 0.02, passed: true });
  expect(judged(evaluation, 0.01).verdict).toEqual({ limit: 0.01, passed: false });
});

test("what was measured on the wrong footing has no verdict, says why first, and no other limit gives it one", () => {
  const wrong = unjudged(evaluation);
  expect(wrong).toMatchObject({ top1: evaluation.top1, verdict: null });
  expect(wrong.notices[0]?.message).toMatch(/^The limit was not judged/);
  expect(judged(wrong, 1).verdict).toBeNull();
});

test("no limit makes a verdict of accuracy that says nothing", () => {
  expect(judged({ ...evaluation, top1: null, verdict: null }, 1).verdict).toBeNull();
});
