import "./src/engine/runtime/telemetry.ts";
import react from "@vitejs/plugin-react";
import { configDefaults, defineConfig } from "vitest/config";
import { outputNames, serviceWorker } from "./scripts/serviceWorker.ts";
import { documentation } from "./scripts/site/plugin.ts";
import { SHARED_TAG } from "./src/engine/testing/shared.ts";
import { appHeaders, isolationHeaders } from "./workers/headers.ts";

const ENGINE_TESTS = "src/engine/**/*.test.ts";
/** These begin ONNX Runtime's module for the web with options of their own, which a process can once. */
const OWN_PROCESS = ["src/engine/runtime/*.test.ts", "src/engine/job/modelKernels.test.ts"];

export default defineConfig({
  // Every path counts from the page, so that the folder works under any address.
  base: "./",
  plugins: [react(), documentation(), serviceWorker()],
  appType: "mpa",
  worker: { format: "es", rollupOptions: { output: outputNames } },
  server: { headers: isolationHeaders },
  preview: { headers: appHeaders },
  build: { target: "es2022", chunkSizeWarningLimit: 1500, rollupOptions: { output: outputNames } },
  test: {
    projects: [
      // The engine has no state of its own: its tests share what they import, which takes a fifth of all their time.
      {
        extends: true,
        test: {
          name: "engine",
          include: [ENGINE_TESTS],
          exclude: [...configDefaults.exclude, ...OWN_PROCESS],
          isolate: false,
        },
      },
      { extends: true, test: { name: "runtime", include: OWN_PROCESS } },
      {
        extends: true,
        test: {
          name: "doors",
          include: ["src/**/*.test.ts", "workers/**/*.test.ts", "cli/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ENGINE_TESTS],
          setupFiles: ["cli/testing/withoutPeaks.ts"],
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
