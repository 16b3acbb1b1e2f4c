import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, preview } from "vite";
import config from "../../playwright.config.ts";
import { appHeaders } from "../../workers/headers.ts";
import { repositoryPath } from "./studio.ts";

const { launchOptions } = config.use ?? {};

/** Chromium computes the shaders of WebGPU and WebGL on the processor. */
export const gpuLaunchOptions = {
  ...launchOptions,
  args: [
    ...(launchOptions?.args ?? []),
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-unsafe-swiftshader",
  ],
};

export interface ServedPages {
  readonly url: string;
  close(): Promise<void>;
}

/** Builds and serves e2e/pages, which reach what the built app keeps to itself, with the headers of the app. */
export async function servePages(): Promise<ServedPages> {
  const outDir = mkdtempSync(join(tmpdir(), "octet-pages-"));
  const root = repositoryPath("e2e/pages");
  const publicDir = repositoryPath("public");
  await build({
    configFile: false,
    root,
    publicDir,
    worker: { format: "es" },
    build: { target: "es2022", outDir, emptyOutDir: true, rolldownOptions: { input: join(root, "gpu.html") } },
    logLevel: "error",
  });
  const server = await preview({
    configFile: false,
    build: { outDir },
    appType: "mpa",
    preview: { host: "127.0.0.1", port: 0, headers: appHeaders },
  });
  return {
    url: `${server.resolvedUrls?.local[0]}gpu.html`,
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}
