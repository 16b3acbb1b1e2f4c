/** Compiles the library and the command line into lib, as `npm pack` takes them: all that they need but the package's dependencies is in it. */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, isAbsolute } from "node:path";
import { build, type InlineConfig, minifySync, type Plugin } from "vite";
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

const isOurs = (id: string) => isAbsolute(id) && !id.includes("/node_modules/");

/** Our own code stays readable; a part that is all of other packages becomes small. */
const smallPackages: Plugin = {
  name: "octet-small-packages",
  enforce: "post",
  generateBundle(_, bundle) {
    for (const part of Object.values(bundle)) {
      if (part.type !== "chunk" || part.moduleIds.some(isOurs)) continue;
      const { code, errors } = minifySync(part.fileName, part.code, { module: true });
      if (errors.length > 0) throw new Error(`${part.fileName}: ${errors[0]!.message}`);
      part.code = code;
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
          codeSplitting: { groups: [{ name: "tfjs", test: /\/node_modules\/@tensorflow\/.*\.js$/ }] },
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
      "fitter.worker.mjs": "cli/fitter.worker.ts",
      "node.js": "src/library/node.ts",
    },
    licences: "licences-node.md",
    external: INSTALLED,
  },
  {
    plugins: [filesBeside, smallPackages],
    // What tfjs is compiled from expects CommonJS.
    define: { __dirname: "import.meta.dirname", __filename: "import.meta.filename" },
    ssr: { noExternal: true },
    build: { ssr: true, target: "node20.19" },
  },
);
// An import map of a plain page should have no more to name than the runtime.
await compile(
  { input: { "browser.js": "src/library/browser.ts" }, licences: "licences-browser.md", external: ["onnxruntime-web"] },
  {
    base: "./",
    plugins: [ownHelper, smallPackages],
    build: { target: "es2023", assetsInlineLimit: 0, modulePreload: false },
  },
);
declareTypes(`${OUT}/types`);
