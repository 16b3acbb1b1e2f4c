import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../bench/part.ts";
import { buildWhenStale } from "../build.ts";
import { endToEndOutcome } from "../outcome.ts";

/** Runs the end-to-end tests that `npm test` leaves out. Throws Error where one fails. */
export async function driveStudio(): Promise<Row[]> {
  await buildWhenStale();
  const folder = mkdtempSync(join(tmpdir(), "octet-verify-"));
  try {
    const file = join(folder, "e2e.json");
    spawnSync(process.execPath, ["scripts/playwright.mjs", "test", "--project=thorough", "--reporter=list,json"], {
      stdio: "inherit",
      env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
    });
    const { passed, failed, skipped, failures, times } = endToEndOutcome(JSON.parse(readFileSync(file, "utf8")));
    if (failed > 0 || passed === 0)
      throw new Error(`Of the end-to-end tests ${failed} failed.\n${failures.join("\n")}`);
    if (skipped > 0) console.error(`  ${skipped} of the tests were skipped`);
    return times.map(({ name, seconds }) => ({ "what holds": name, "time (s)": Math.round(seconds) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
