import type { Artifact } from "../src/engine/project/index.ts";
import type { WrittenFile } from "./protocol.ts";

/** Each file by itself, models first: what the zip holds as it is, is a part of it, and takes no more memory. */
export function alone(zip: Blob, parts: readonly Uint8Array[], files: readonly Artifact[]): WrittenFile[] {
  const starts = new Map<Uint8Array | undefined, number>();
  let at = 0;
  for (const part of parts) {
    starts.set(part, at);
    at += part.length;
  }
  const each = files.map(({ name, chunks }) => {
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    const start = starts.get(chunks[0]);
    const file = start === undefined ? new Blob([...chunks] as BlobPart[]) : zip.slice(start, start + size);
    return { name, size, file };
  });
  const rank = ({ name }: WrittenFile) => (name.endsWith(".onnx") ? 0 : name.endsWith(".onnx_data") ? 1 : 2);
  return each.sort((a, b) => rank(a) - rank(b));
}
