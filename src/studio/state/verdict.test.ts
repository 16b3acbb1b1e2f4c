import { expect, test } from "vitest";
import { REPORT } from "../../engine/artifacts/testing/report.ts";
import { judged } from "./verdict.ts";

const evaluation = REPORT.evaluation!;

test("another limit judges the same drop again", () => {
  expect(judged(evaluation, 0.02).verdict).toEqual({ limit: 0.02, passed: true });
  expect(judged(evaluation, 0.01).verdict).toEqual({ limit: 0.01, passed: false });
});

test("no limit makes a verdict of accuracy that says nothing", () => {
  expect(judged({ ...evaluation, top1: null, verdict: null }, 1).verdict).toBeNull();
});
