import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** In node_modules, so that what it imports is found. */
const PLACE = at("node_modules/.vite/octet");
const ENTRY = "./executor.worker.mjs";

/**
 * Has tests start processes of ONNX Runtime from code that is compiled once: out of the sources, a process takes three times the
 * processor time to start, and nearly every command line starts two. Commands that are processes themselves start theirs as ever.
 */
export function compiledExecutor(): Plugin {
  let folder: string | null = null;
  let compiled: Promise<string> | null = null;
  const compile = async () => {
    mkdirSync(PLACE, { recursive: true });
    folder = mkdtempSync(join(PLACE, "executor-"));
    await build({
      configFile: false,
      logLevel: "warn",
      publicDir: false,
      build: {
        ssr: true,
        outDir: folder,
        minify: false,
        rolldownOptions: { input: at("cli/executor.worker.ts"), output: { entryFileNames: ENTRY.slice(2) } },
      },
    });
    return pathToFileURL(join(folder, ENTRY)).href;
  };
  return {
    name: "octet-compiled-executor",
    apply: () => process.env.VITEST !== undefined,
    async transform(code, id) {
      if (id !== at("cli/executorProcess.ts")) return;
      if (!code.includes(JSON.stringify(ENTRY))) throw new Error(`${id} starts no process from ${ENTRY}.`);
      compiled ??= compile();
      return { code: code.replace(JSON.stringify(ENTRY), JSON.stringify(await compiled)), map: null };
    },
    closeBundle() {
      if (folder) rmSync(folder, { recursive: true });
      folder = compiled = null;
    },
  };
}
