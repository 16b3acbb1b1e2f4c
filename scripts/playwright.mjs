import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { privateCache } from "../cli/privateCache.mjs";

// Playwright's command line. By itself it would run compiled tests that lie in the temporary folder that all users share.
let folder = privateCache();
if (!folder) {
  folder = mkdtempSync(join(tmpdir(), "octet-playwright-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}
process.env.PLAYWRIGHT_TRANSFORM_CACHE_DIR = join(folder, "playwright");
await import("@playwright/test/cli");
