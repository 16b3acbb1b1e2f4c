import { SHARED_TAG } from "../src/engine/testing/shared.ts";

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** How many of the skipped need the shared folder. */
  readonly unshared: number;
  /** The tests that failed: each one's name and the first lines of its message. */
  readonly failures: readonly string[];
  /** What was run (a file of unit tests, an end-to-end test) and the seconds that it took. */
  readonly times: readonly Timed[];
}

interface Timed {
  readonly name: string;
  readonly seconds: number;
}

export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly TestFile[];
}

interface TestFile {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly endTime: number;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly tags: readonly string[];
    readonly failureMessages: readonly string[];
  }[];
}

export interface PlaywrightReport {
  readonly stats: Readonly<Record<"expected" | "unexpected" | "flaky" | "skipped", number>>;
  readonly suites: readonly PlaywrightSuite[];
}

interface PlaywrightSuite {
  readonly suites?: readonly PlaywrightSuite[];
  readonly specs: readonly {
    readonly title: string;
    readonly tags: readonly string[];
    readonly tests: readonly {
      readonly status: string;
      readonly results: readonly { readonly duration: number; readonly error?: { readonly message?: string } }[];
    }[];
  }[];
}

const MESSAGE_LINES = 12;

const failure = (name: string, message: string): string =>
  [name, ...message.split("\n").slice(0, MESSAGE_LINES)].join("\n  ");

/** What vitest's JSON reporter counted; a file that could not be loaded is one failed test. */
export function unitOutcome(report: VitestReport): Outcome {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.testResults.filter(brokenFile).length,
    skipped: report.numPendingTests + report.numTodoTests,
    unshared: tests.filter(({ status, tags }) => status === "skipped" && tags.includes(SHARED_TAG)).length,
    failures: report.testResults.flatMap((file) =>
      brokenFile(file)
        ? [failure(file.name, file.message)]
        : file.assertionResults
            .filter(({ status }) => status === "failed")
            .map((test) => failure(`${file.name} > ${test.fullName}`, test.failureMessages[0] ?? "")),
    ),
    times: report.testResults.map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 })),
  };
}

/** A test file that failed as a whole (it could not be loaded), so that none of its tests did. */
function brokenFile({ status, assertionResults }: TestFile): boolean {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}

/** What Playwright's JSON reporter counted; a test that passed on a second try is a failed one. */
export function endToEndOutcome({ stats, suites }: PlaywrightReport): Outcome {
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky,
    skipped: stats.skipped,
    unshared: suites.reduce((sum, suite) => sum + unsharedOf(suite), 0),
    failures: suites.flatMap(failuresOf),
    times: suites.flatMap(timesOf),
  };
}

function timesOf({ suites = [], specs }: PlaywrightSuite): readonly Timed[] {
  const own = specs.map(({ title, tests }) => {
    const runs = tests.flatMap(({ results }) => results);
    return { name: title, seconds: runs.reduce((sum, { duration }) => sum + duration, 0) / 1000 };
  });
  return [...own, ...suites.flatMap(timesOf)];
}

/** Each end-to-end test that ran, in order: what became of it, and the seconds of all its tries. */
export function endToEndTrials({
  suites,
}: Pick<PlaywrightReport, "suites">): readonly (Timed & { readonly result: string })[] {
  return suites.flatMap((suite) => {
    const own = suite.specs
      .filter(({ tests }) => tests.some(({ status }) => status !== "skipped"))
      .map((spec) => {
        const [timed] = timesOf({ specs: [spec] });
        const is = (wanted: string) => spec.tests.some(({ status }) => status === wanted);
        const result = is("unexpected") ? "failed" : is("flaky") ? "passed the second time" : "passed";
        return { ...(timed as Timed), result };
      });
    return [...own, ...endToEndTrials({ suites: suite.suites ?? [] })];
  });
}

function failuresOf({ suites = [], specs }: PlaywrightSuite): readonly string[] {
  const own = specs.flatMap(({ title, tests }) =>
    tests
      .filter(({ status }) => status === "unexpected" || status === "flaky")
      .map(({ results }) => failure(title, results.find(({ error }) => error)?.error?.message ?? "")),
  );
  return [...own, ...suites.flatMap(failuresOf)];
}

function unsharedOf({ suites = [], specs }: PlaywrightSuite): number {
  const tests = specs.filter(({ tags }) => tags.includes(SHARED_TAG)).flatMap((spec) => spec.tests);
  const own = tests.filter(({ status }) => status === "skipped").length;
  return suites.reduce((sum, suite) => sum + unsharedOf(suite), own);
}

/**
 * A run that failed (`ok` is false) or ran nothing, though no test failed, counts as one failed test: by each error that no test
 * was there to catch, or by a line that says there was none.
 */
export function withSilentFailure(outcome: Outcome, ok: boolean, unhandled: readonly string[]): Outcome {
  if (outcome.failed > 0 || (ok && outcome.passed > 0)) return outcome;
  const failures =
    unhandled.length > 0
      ? unhandled.map((text) => failure("an error outside of any test", text))
      : [outcome.passed > 0 ? "the run failed, though no test did" : "no test was run"];
  return { ...outcome, failed: 1, failures };
}

/** The `count` that took longest, a line each. */
export function slowestLines({ times }: Outcome, count: number): readonly string[] {
  return times
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`);
}

/** How a run of all checks ends: what failed, and a last line, in a form that other tools read, that counts. */
export function closingLines(outcomes: readonly Outcome[]): readonly string[] {
  const sum = (name: "passed" | "failed" | "skipped" | "unshared") =>
    outcomes.reduce((total, outcome) => total + outcome[name], 0);
  const unshared = sum("unshared");
  return [
    ...outcomes.flatMap(({ failures }) => failures.map((text) => `failed: ${text}`)),
    ...(unshared > 0 ? [`of those skipped, ${unshared} because ../shared is not here:`] : []),
    `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`,
  ];
}
