import { FileChanged, InputError } from "../src/engine/model/job.ts";

/** No browser takes 2 GiB out of a file at once. */
const PIECE = 2 ** 30;

/** The whole of a file. Throws FileChanged when it can no longer be read, and InputError when memory does not take it. */
export async function bytesOf(file: Blob, name: string, piece = PIECE): Promise<Uint8Array> {
  try {
    if (file.size <= piece) return new Uint8Array(await file.arrayBuffer());
    const bytes = new Uint8Array(file.size);
    for (let at = 0; at < file.size; at += piece) {
      bytes.set(new Uint8Array(await file.slice(at, at + piece).arrayBuffer()), at);
    }
    return bytes;
  } catch (error) {
    if (error instanceof RangeError) {
      throw new InputError(`${name} is too long to be held in memory (${file.size} bytes); use a smaller file.`);
    }
    throw new FileChanged(`${name} can no longer be read, since it was changed or removed; choose it again.`);
  }
}
