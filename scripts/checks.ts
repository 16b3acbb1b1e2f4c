import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChromium, installChromium } from "./chromium.ts";
import {
  closingLines,
  endToEndOutcome,
  type Outcome,
  slowestLines,
  unitOutcome,
  withSilentFailure,
} from "./outcome.ts";
import { UNHANDLED_FILE } from "./unhandledReporter.ts";

const PASSED: Outcome = { passed: 1, failed: 0, skipped: 0, unshared: 0, failures: [], times: [] };
const FAILED: Outcome = { passed: 0, failed: 1, skipped: 0, unshared: 0, failures: [], times: [] };

const reports = mkdtempSync(join(tmpdir(), "octet-test-"));

function succeeds(tool: string, args: readonly string[]): boolean {
  const windows = process.platform === "win32";
  const command = join("node_modules", ".bin", windows ? `${tool}.cmd` : tool);
  return spawnSync(command, args, { stdio: "inherit", shell: windows }).status === 0;
}

const check = (ok: boolean): Outcome => (ok ? PASSED : FAILED);

/** What the reporter counted. A run that failed without a failed test (it crashed, or ran none) counts as one. */
function counted(ok: boolean, file: string, read: (report: never) => Outcome, unhandled = noneUnhandled): Outcome {
  let outcome: Outcome;
  try {
    outcome = read(JSON.parse(readFileSync(file, "utf8")) as never);
  } catch {
    return { ...FAILED, failures: [`nothing was counted in ${file}`] };
  }
  return withSilentFailure(outcome, ok, unhandled());
}

const noneUnhandled = (): readonly string[] => [];

function types(): Outcome {
  const projects = ["tsconfig.engine.json", "tsconfig.node.json", "tsconfig.json", "tsconfig.serviceWorker.json"];
  const results = projects.map((project) => succeeds("tsc", ["-p", project]));
  return check(results.every((ok) => ok));
}

function vitest(name: string, ...args: readonly string[]): Outcome {
  const file = join(reports, `${name}.json`);
  const unhandled = join(reports, `${name}-unhandled.json`);
  process.env[UNHANDLED_FILE] = unhandled;
  const reporters = ["--reporter=default", "--reporter=json", "--reporter=./scripts/unhandledReporter.ts"];
  const ok = succeeds("vitest", ["run", ...reporters, `--outputFile.json=${file}`, ...args]);
  return counted(ok, file, unitOutcome, () =>
    existsSync(unhandled) ? JSON.parse(readFileSync(unhandled, "utf8")) : [],
  );
}

function build(): Outcome {
  rmSync("dist", { recursive: true, force: true });
  return check(succeeds("vite", ["build", "--logLevel", "warn"]));
}

/** Runs tests in a Chromium, which CHROMIUM_PATH then names. */
function inChromium(run: () => Outcome): Outcome {
  const chromium = findChromium() ?? installChromium();
  if (!chromium) {
    console.error("No Chromium could be found or installed. Name one with CHROMIUM_PATH=/path/to/chromium.");
    return FAILED;
  }
  console.log(`Testing in ${chromium}`);
  process.env.CHROMIUM_PATH = chromium;
  return run();
}

function endToEnd(): Outcome {
  const file = join(reports, "e2e.json");
  const { status } = spawnSync(
    process.execPath,
    ["scripts/playwright.mjs", "test", "--project=studio", "--reporter=list,json"],
    {
      stdio: "inherit",
      env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
    },
  );
  return counted(status === 0, file, endToEndOutcome);
}

const steps: readonly (readonly [string, () => Outcome])[] = [
  ["types", types],
  ["lint", () => check(succeeds("biome", ["check", "."]))],
  ["unit", () => vitest("unit")],
  ["build", build],
  ["e2e", () => inChromium(endToEnd)],
  ["packed", () => inChromium(() => vitest("packed", "--config", "packed/vitest.config.ts"))],
];

const SLOWEST = 12;

const summary: string[] = [];
const outcomes: Outcome[] = [];
for (const [name, run] of steps) {
  console.log(`\n--- ${name} ---`);
  const start = performance.now();
  const outcome = run();
  outcomes.push(outcome);
  const { passed, failed, skipped } = outcome;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  summary.push(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
  summary.push(...slowestLines(outcome, SLOWEST));
}
rmSync(reports, { recursive: true, force: true });

console.log(`\n${summary.join("\n")}\n`);
for (const line of closingLines(outcomes)) console.log(line);
process.exitCode = outcomes.some(({ failed }) => failed > 0) ? 1 : 0;
