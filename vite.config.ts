import "./src/engine/runtime/telemetry.ts";
import { readdirSync, readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { configDefaults, defineConfig } from "vitest/config";
import { compiledExecutor } from "./cli/testing/compiledExecutor.ts";
import { outputNames, serviceWorker } from "./scripts/serviceWorker.ts";
import { documentation } from "./scripts/site/plugin.ts";
import { SHARED_TAG } from "./src/engine/testing/shared.ts";
import { appHeaders, isolationHeaders } from "./workers/headers.ts";

const ENGINE_TESTS = "src/engine/**/*.test.ts";
const TESTS = ["src", "workers", "cli", "scripts"];
/** These begin ONNX Runtime's module for the web with options of their own, which a process can once. */
const OWN_RUNTIME = ["src/engine/runtime/*.test.ts", "src/engine/job/modelKernels.test.ts"];
/** These change with `vi` what others import, or what is global, and do not all put it back. */
const OWN_MODULES = TESTS.flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true }).map((path) =>
    `${folder}/${path}`.replaceAll("\\", "/"),
  ),
).filter(
  (path) =>
    path.endsWith(".test.ts") &&
    !path.includes("node_modules") &&
    /\bvi\.(mock|unmock|hoisted|resetModules|stub\w+)\(/.test(readFileSync(new URL(path, import.meta.url), "utf8")),
);
const WITHOUT_PEAKS = "cli/testing/withoutPeaks.ts";
const APART = [...OWN_RUNTIME, ...OWN_MODULES];

export default defineConfig({
  // Every path counts from the page, so that the folder works under any address.
  base: "./",
  plugins: [react(), documentation(), serviceWorker(), compiledExecutor()],
  appType: "mpa",
  worker: { format: "es", rollupOptions: { output: outputNames } },
  server: { headers: isolationHeaders },
  preview: { headers: appHeaders },
  build: { target: "es2022", chunkSizeWarningLimit: 1500, rollupOptions: { output: outputNames } },
  test: {
    projects: [
      { extends: true, test: { name: "apart", include: APART, setupFiles: [WITHOUT_PEAKS] } },
      // What others leave alone is imported once for them all: importing takes longer than most tests.
      {
        extends: true,
        test: {
          name: "engine",
          include: [ENGINE_TESTS],
          exclude: [...configDefaults.exclude, ...APART],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "doors",
          include: TESTS.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...configDefaults.exclude, ENGINE_TESTS, ...APART],
          isolate: false,
          setupFiles: [WITHOUT_PEAKS],
        },
      },
    ],
    environment: "node",
    // Vitest takes one less than there are cores, which leaves one of two idle.
    maxWorkers: "100%",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    tags: [{ name: SHARED_TAG, description: "needs the reference models and data in ../shared" }],
  },
});
