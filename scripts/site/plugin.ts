import { join } from "node:path";
import type { Plugin } from "vite";
import { siteFiles } from "./site.ts";

const SCRIPT = "scripts/site/page.ts";
const FOLDER = "docs";
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  json: "application/json",
  png: "image/png",
  txt: "text/plain; charset=utf-8",
};

/** Builds the documentation into `docs` beside the studio, and serves it during development. */
export function documentation(): Plugin {
  let root = "";
  return {
    name: "octet-documentation",
    config: () => ({ build: { rollupOptions: { input: { index: "index.html", documentation: SCRIPT } } } }),
    configResolved(config) {
      root = config.root;
    },
    generateBundle(_, bundle) {
      const chunk = Object.values(bundle).find(
        (part) => part.type === "chunk" && part.facadeModuleId === join(root, SCRIPT),
      );
      if (chunk?.type !== "chunk") throw new Error(`${SCRIPT} was not built.`);
      const [style] = chunk.viteMetadata?.importedCss ?? [];
      const assets = { script: `../${chunk.fileName}`, style: style ? `../${style}` : null, policy: true };
      for (const [path, source] of siteFiles(root, assets)) {
        this.emitFile({ type: "asset", fileName: `${FOLDER}/${path}`, source });
      }
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? "/", "http://localhost").pathname;
        if (!path.startsWith(`/${FOLDER}/`)) return next();
        const asked = path.slice(FOLDER.length + 2) || "index.html";
        const file = siteFiles(root, { script: `../${SCRIPT}`, style: null, policy: false }).get(asked);
        if (file === undefined) return next();
        response.setHeader("Content-Type", TYPES[asked.split(".").at(-1)!] ?? "application/octet-stream");
        response.end(file);
      });
    },
  };
}
