import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { main } from "assemblyscript/asc";

const folder = fileURLToPath(new URL("../src/engine/numerics/kernel/", import.meta.url));

/** The module that holds the kernel of numerics, compiled from its AssemblyScript source: src/engine/numerics/kernel/binary.ts. */
export async function kernelModule(): Promise<string> {
  let binary: Uint8Array | null = null;
  const flags = ["--outFile", "kernel.wasm", "--runtime", "stub", "--enable", "simd", "--noAssert", "-O3"];
  const { error, stderr } = await main(["assembly/tally.ts", "--baseDir", folder, ...flags], {
    writeFile: (_name, contents) => {
      binary = contents as Uint8Array;
    },
  });
  if (error || !binary) throw new Error(`The kernel does not compile: ${stderr.toString() || error?.message}`);
  return [
    "// Generated from assembly/tally.ts by `npm run kernel`.",
    "/** A WebAssembly module as base64. */",
    `export const KERNEL =\n  "${Buffer.from(binary).toString("base64")}";\n`,
  ].join("\n");
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) {
  await writeFile(`${folder}binary.ts`, await kernelModule());
}
