import { Zip, ZipDeflate, type ZipInputFile } from "fflate";
import { crc32 } from "../values/crc32.ts";
import type { Artifact } from "./artifact.ts";

/** One zip of all files, in parts: those of models are the models' own, stored as they are, as what is encrypted is; text is compressed. */
export function zipArtifacts(files: readonly Artifact[], date: string): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, part) => {
    if (error) failure = error;
    else parts.push(part);
  });
  for (const { name, chunks } of files) {
    const entry = /\.(onnx(_data)?|age)$/.test(name) ? new Stored(name) : new ZipDeflate(name, { level: 6 });
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

/** A file of a zip that is not compressed. */
class Stored implements ZipInputFile {
  readonly filename: string;
  readonly compression = 0;
  mtime?: string;
  crc = 0;
  size = 0;
  /** Set by Zip. */
  ondata?: ZipInputFile["ondata"];

  constructor(filename: string) {
    this.filename = filename;
  }

  push(chunk: Uint8Array, final: boolean): void {
    this.crc = crc32(chunk, this.crc);
    this.size += chunk.byteLength;
    this.ondata?.(null, chunk as Uint8Array<ArrayBuffer>, final);
  }
}
