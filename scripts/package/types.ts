import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";

const ENTRIES = ["src/library/node.d.ts", "src/library/browser.d.ts"];
/** What types of documents are inferred with. It stands in one file, of declarations that import nothing. */
const VALIBOT = "node_modules/valibot/dist/index.d.mts";
const IMPORTED = /(?<=(?:from|import)\s*\(?)"(\.[^"]+)\.ts"/g;

/** Writes the declarations that the library's own reach, and no others, so that they import no package. */
export function declareTypes(folder: string): void {
  const all = mkdtempSync(join(tmpdir(), "octet-types-"));
  try {
    const args = ["node_modules/typescript/bin/tsc", "-p", "scripts/package/tsconfig.json", "--outDir", all];
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
    if (status !== 0) throw new Error("The types of the library could not be made.");
    const reached = new Set(ENTRIES);
    for (const name of reached) {
      const text = readFileSync(join(all, name), "utf8").replaceAll(IMPORTED, (_, specifier: string) => {
        reached.add(`${join(dirname(name), specifier)}.d.ts`);
        return `"${specifier}.js"`;
      });
      const valibot = posix.relative(posix.dirname(name), "valibot.js");
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text.replaceAll('"valibot"', `"${valibot}"`));
    }
    copyFileSync(VALIBOT, join(folder, "valibot.d.ts"));
  } finally {
    rmSync(all, { recursive: true });
  }
}
