import "./src/engine/runtime/telemetry.ts";
import { defineConfig } from "@playwright/test";
import { THOROUGH } from "./e2e/support/thorough.ts";
import { findChromium } from "./scripts/chromium.ts";

const PORT = 4179;

const executablePath = findChromium();

export default defineConfig({
  testDir: "e2e",
  // A page keeps two cores busy: two of them at once take longer than one after the other.
  workers: 1,
  projects: [
    { name: "studio", grepInvert: new RegExp(THOROUGH) },
    { name: "thorough", grep: new RegExp(THOROUGH) },
  ],
  retries: 0,
  timeout: 480_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1280, height: 720 },
    trace: "off",
    // Each test has a profile of its own, which would keep the studio's files anew: host.spec.ts lets it.
    serviceWorkers: "block",
    launchOptions: {
      ...(executablePath && { executablePath }),
      args: [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--disable-quic",
        // A test runs little of ONNX Runtime: compiling it a second time, optimized, takes longer than it saves.
        "--js-flags=--liftoff-only",
      ],
    },
  },
  webServer: {
    command: "node --import ./cli/typescript.mjs scripts/serve.ts",
    env: { PORT: String(PORT) },
    url: `http://127.0.0.1:${PORT}`,
    timeout: 30_000,
  },
});
