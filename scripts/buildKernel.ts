import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { main } from "assemblyscript/asc";

const folder = fileURLToPath(new URL("../src/engine/numerics/kernel/", import.meta.url));

/** The kernels of numerics by the source that each is compiled from, and the modules that hold them. */
export const KERNELS = [
  { source: "assembly/tally.ts", module: "binary.ts", name: "KERNEL" },
  { source: "assembly/weights.ts", module: "weightsBinary.ts", name: "WEIGHT_KERNEL" },
  { source: "assembly/sha256.ts", module: "sha256Binary.ts", name: "SHA256_KERNEL" },
] as const;

/** A module that holds a kernel of numerics, compiled from its AssemblyScript source. */
export async function kernelModule({ source, name }: (typeof KERNELS)[number]): Promise<string> {
  let binary: Uint8Array | null = null;
  const flags = ["--outFile", "kernel.wasm", "--runtime", "stub", "--enable", "simd", "--noAssert", "-O3"];
  const { error, stderr } = await main([source, "--baseDir", folder, ...flags], {
    writeFile: (_name, contents) => {
      binary = contents as Uint8Array;
    },
  });
  if (error || !binary) throw new Error(`The kernel does not compile: ${stderr.toString() || error?.message}`);
  return [
    `// Generated from ${source} by \`npm run kernel\`.`,
    "/** A WebAssembly module as base64. */",
    `export const ${name} =\n  "${Buffer.from(binary).toString("base64")}";\n`,
  ].join("\n");
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) {
  for (const kernel of KERNELS) await writeFile(`${folder}${kernel.module}`, await kernelModule(kernel));
}
