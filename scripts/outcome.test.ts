import { describe, expect, it } from "vitest";
import {
  closingLines,
  endToEndOutcome,
  endToEndTrials,
  slowestLines,
  unitOutcome,
  withSilentFailure,
} from "./outcome.ts";

const file = (status: string, ...tests: readonly (readonly [string, ...string[]])[]) => ({
  name: "a.test.ts",
  startTime: 1000,
  endTime: 3500,
  status,
  message: status === "failed" ? "cannot be loaded" : "",
  assertionResults: tests.map(([result, ...tags]) => ({
    fullName: `a thing that ${result}`,
    status: result,
    tags,
    failureMessages: result === "failed" ? ["expected 1 to be 2\n    at a.test.ts:1"] : [],
  })),
});

describe("the outcome", () => {
  it("of vitest tells the skipped that need the shared folder from the others", () => {
    const outcome = unitOutcome({
      numPassedTests: 2,
      numFailedTests: 1,
      numPendingTests: 3,
      numTodoTests: 1,
      testResults: [
        file("passed", ["passed"], ["skipped", "shared"], ["skipped", "slow"], ["todo"]),
        file("failed", ["passed", "shared"], ["failed", "shared"], ["skipped", "slow", "shared"]),
        file("failed"),
      ],
    });
    expect(outcome).toEqual({
      passed: 2,
      failed: 2,
      skipped: 4,
      unshared: 2,
      failures: [
        "a.test.ts > a thing that failed\n  expected 1 to be 2\n      at a.test.ts:1",
        "a.test.ts\n  cannot be loaded",
      ],
      times: Array(3).fill({ name: "a.test.ts", seconds: 2.5 }),
    });
  });

  it("of a run that failed without a failed test is one failure, which says what it was", () => {
    const passed = { passed: 3, failed: 0, skipped: 0, unshared: 0, failures: [], times: [] };
    expect(withSilentFailure(passed, true, [])).toBe(passed);
    expect(withSilentFailure(passed, false, ["Error: a\n at b", "Error: c"])).toEqual({
      ...passed,
      failed: 1,
      failures: ["an error outside of any test\n  Error: a\n   at b", "an error outside of any test\n  Error: c"],
    });
    expect(withSilentFailure(passed, false, []).failures).toEqual(["the run failed, though no test did"]);
    expect(withSilentFailure({ ...passed, passed: 0 }, true, [])).toMatchObject({
      failed: 1,
      failures: ["no test was run"],
    });
    const failed = { ...passed, failed: 2, failures: ["x", "y"] };
    expect(withSilentFailure(failed, false, ["z"])).toBe(failed);
  });

  it("of Playwright does so in groups within groups", () => {
    const spec = (status: string, ...tags: readonly string[]) => ({
      title: `a page that is ${status}`,
      tags,
      tests: [{ status, results: [{ duration: 1000 }, { duration: 500, error: { message: "Timeout" } }] }],
    });
    const inner = { specs: [spec("skipped", "shared"), spec("expected", "shared")] };
    const suites = [
      { specs: [spec("skipped"), spec("skipped", "shared")], suites: [{ specs: [], suites: [inner] }] },
      { specs: [spec("expected"), spec("flaky")], suites: [{ specs: [spec("unexpected")] }] },
    ];
    const outcome = endToEndOutcome({ stats: { expected: 5, unexpected: 1, flaky: 1, skipped: 3 }, suites });
    expect(endToEndTrials({ suites }).map(({ result }) => result)).toEqual([
      "passed",
      "passed",
      "passed the second time",
      "failed",
    ]);
    expect(outcome).toEqual({
      passed: 5,
      failed: 2,
      skipped: 3,
      unshared: 2,
      failures: ["a page that is flaky\n  Timeout", "a page that is unexpected\n  Timeout"],
      times: ["skipped", "skipped", "skipped", "expected", "expected", "flaky", "unexpected"].map((status) => ({
        name: `a page that is ${status}`,
        seconds: 1.5,
      })),
    });
  });
});

it("what took longest is told first, and no more of it than asked for", () => {
  const times = [3.14, 120, 0.04].map((seconds, index) => ({ name: `test ${index}`, seconds }));
  const outcome = { passed: 3, failed: 0, skipped: 0, unshared: 0, failures: [], times };
  expect(slowestLines(outcome, 2)).toEqual(["  120.0 s  test 1", "    3.1 s  test 0"]);
});

describe("the closing lines", () => {
  const outcome = (passed: number, failed: number, skipped: number, unshared: number) => ({
    passed,
    failed,
    skipped,
    unshared,
    failures: failed > 0 ? ["a test\n  its message"] : [],
    times: [],
  });

  it("end with the sums alone on a line, after what failed and what was skipped for want of the shared folder", () => {
    expect(closingLines([outcome(1, 0, 0, 0), outcome(30, 2, 8, 6), outcome(4, 0, 1, 1)])).toEqual([
      "failed: a test\n  its message",
      "of those skipped, 7 because ../shared is not here:",
      "35 passed, 2 failed, 9 skipped",
    ]);
  });

  it("say nothing of a folder that is there", () => {
    expect(closingLines([outcome(30, 0, 2, 0)])).toEqual(["30 passed, 0 failed, 2 skipped"]);
  });
});
