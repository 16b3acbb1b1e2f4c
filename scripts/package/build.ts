/** Compiles the library and the command line into lib, as `npm pack` takes them: all that they need but the package's dependencies is in it. */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { build, type InlineConfig, type Plugin } from "vite";
import { declareTypes } from "./types.ts";

const OUT = "lib";
const { dependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const INSTALLED = Object.keys({ ...dependencies, ...optionalDependencies });

/** Puts the files that `packageFile` names beside the code. */
const filesBeside: Plugin = {
  name: "octet-files-beside",
  transform: (code) =>
    code.replaceAll(/\bpackageFile\("([^"]+)"\)/g, (_, specifier: string) => {
      copyFileSync(createRequire(import.meta.url).resolve(specifier), `${OUT}/${basename(specifier)}`);
      return `packageFile("./${basename(specifier)}")`;
    }),
};

/** Renames the helper that Vite puts around imports: where a page is bundled with Vite too, it would stand there twice. */
const ownHelper: Plugin = {
  name: "octet-own-helper",
  enforce: "post",
  generateBundle(_, bundle) {
    for (const part of Object.values(bundle)) {
      if (part.type === "chunk") part.code = part.code.replaceAll("__vitePreload", "octetPreload");
    }
  },
};

interface Part {
  readonly input: Readonly<Record<string, string>>;
  readonly licences: string;
  /** Packages that are imported where it runs, and not compiled in. */
  readonly external: readonly string[];
}

async function compile({ input, licences, external }: Part, config: InlineConfig): Promise<void> {
  await build({
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    ...config,
    build: {
      ...config.build,
      outDir: OUT,
      emptyOutDir: false,
      minify: false,
      license: { fileName: licences },
      rolldownOptions: {
        input,
        external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
        preserveEntrySignatures: "strict",
        output: {
          entryFileNames: "[name]",
          chunkFileNames: "[name]-[hash].js",
          assetFileNames: "[name][extname]",
          // Documentation is in the types; of a bundle it is a tenth.
          comments: { jsdoc: false },
          banner: ({ name }) => (name === "octet.js" ? "#!/usr/bin/env node" : ""),
        },
      },
    },
  });
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
await compile(
  {
    input: {
      "octet.js": "cli/packaged.mjs",
      "executor.worker.mjs": "cli/executor.worker.ts",
      "node.js": "src/library/node.ts",
    },
    licences: "licences-node.md",
    external: INSTALLED,
  },
  {
    plugins: [filesBeside],
    // What tfjs is compiled from expects CommonJS.
    define: { __dirname: "import.meta.dirname", __filename: "import.meta.filename" },
    ssr: { noExternal: true },
    build: { ssr: true, target: "node20.19" },
  },
);
// An import map of a plain page should have no more to name than the runtime.
await compile(
  { input: { "browser.js": "src/library/browser.ts" }, licences: "licences-browser.md", external: ["onnxruntime-web"] },
  { base: "./", plugins: [ownHelper], build: { target: "es2023", assetsInlineLimit: 0, modulePreload: false } },
);
declareTypes(`${OUT}/types`);
