import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { build, type Plugin } from "vite";
import { pagePolicy } from "../workers/headers.ts";
import type { KeptFiles } from "../workers/hostProtocol.ts";

/** Where Vite puts files whose names tell their content. */
const HASHED = "assets/";
const FIRST_USE = "assets/first-use/";
const NAME = "service.js";

/** Large, and without use to whoever neither learns rounding nor has WebGPU. */
const SELDOM_USED = /@tensorflow[\\/]|\.asyncify\.|(^|[\\/])tfjs-backend/;

const folderOf = (sources: readonly string[]) => (sources.some((path) => SELDOM_USED.test(path)) ? FIRST_USE : HASHED);

/** Names of outputs: what is used seldom has a folder of its own. */
export const outputNames = {
  chunkFileNames: ({ moduleIds }: { readonly moduleIds: readonly string[] }) =>
    `${folderOf(moduleIds)}[name]-[hash].js`,
  assetFileNames: ({ originalFileNames }: { readonly originalFileNames: readonly string[] }) =>
    `${folderOf(originalFileNames)}[name]-[hash][extname]`,
};

/** Builds the service worker beside the page, with the list of the page's files; and the page lays its policy upon itself. */
export function serviceWorker(): Plugin {
  let root = "";
  let out = "";
  return {
    name: "octet-service-worker",
    apply: "build",
    configResolved(config) {
      root = config.root;
      out = resolve(root, config.build.outDir);
    },
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: pagePolicy },
        injectTo: "head-prepend",
      },
    ],
    async closeBundle() {
      await build({
        root,
        configFile: false,
        publicDir: false,
        logLevel: "warn",
        define: { KEPT: JSON.stringify(keptFiles(out)), "process.env.NODE_ENV": '"production"' },
        build: {
          outDir: out,
          emptyOutDir: false,
          target: "es2022",
          rollupOptions: {
            input: join(root, "workers/service.worker.ts"),
            output: { format: "iife", entryFileNames: NAME },
          },
        },
      });
    },
  };
}

function keptFiles(out: string): KeptFiles {
  const paths = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(out, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => path !== NAME)
    .sort();
  const isFirstUse = (path: string) => path.startsWith(FIRST_USE);
  const kept = paths.filter((path) => !isFirstUse(path)).map((url) => ({ url, content: readFileSync(join(out, url)) }));
  return {
    files: kept.map(({ url, content }) => ({
      url,
      revision: url.startsWith(HASHED) ? null : createHash("sha256").update(content).digest("hex").slice(0, 16),
    })),
    bytes: kept.reduce((sum, { content }) => sum + content.length, 0),
    onFirstUse: paths.filter(isFirstUse),
  };
}
