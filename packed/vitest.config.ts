import "../src/engine/runtime/telemetry.ts";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["packed/**/*.test.ts"],
    environment: "node",
    // Vitest takes one less than there are cores, which leaves one of two idle.
    maxWorkers: "100%",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    globalSetup: "packed/install.ts",
  },
});
