import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../bench/part.ts";
import { buildWhenStale } from "../build.ts";
import { endToEndOutcome, endToEndTrials, type PlaywrightReport } from "../outcome.ts";

/** Runs the end-to-end tests that `npm test` leaves out, one that fails once more; the process fails where that fails too. Throws Error where none ran. */
export async function driveStudio(): Promise<Row[]> {
  await buildWhenStale();
  const folder = mkdtempSync(join(tmpdir(), "octet-verify-"));
  try {
    const file = join(folder, "e2e.json");
    spawnSync(
      process.execPath,
      ["scripts/playwright.mjs", "test", "--project=thorough", "--retries=1", "--reporter=list,json"],
      {
        stdio: "inherit",
        env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
      },
    );
    const report: PlaywrightReport = JSON.parse(readFileSync(file, "utf8"));
    const { failures, skipped } = endToEndOutcome(report);
    const trials = endToEndTrials(report);
    if (trials.length === 0) throw new Error("No end-to-end test was run.");
    if (skipped > 0) console.error(`  ${skipped} of the tests were skipped`);
    for (const failure of failures) console.error(`  ${failure}`);
    if (trials.some(({ result }) => result === "failed")) process.exitCode = 1;
    return trials.map(({ name, seconds, result }) => ({
      "what holds": name,
      result,
      "time (s)": Math.round(seconds),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
