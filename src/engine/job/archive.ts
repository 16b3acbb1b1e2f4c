import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import type { Artifact } from "./export.ts";

/** One zip of all files, in parts. Models are stored as they are, text is compressed. */
export function zipArtifacts(files: readonly Artifact[], date: string): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, part) => {
    if (error) failure = error;
    else parts.push(part);
  });
  for (const { name, chunks } of files) {
    const entry = name.endsWith(".onnx") ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
    entry.mtime = date;
    zip.add(entry);
    chunks.forEach((chunk, i) => {
      entry.push(chunk, i === chunks.length - 1);
    });
  }
  zip.end();
  if (failure) throw failure;
  return parts;
}
