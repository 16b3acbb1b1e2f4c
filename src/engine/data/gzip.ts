import { Gunzip, gunzipSync } from "fflate";
import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";

/** The first bytes of what a gzip file holds; empty when it is damaged. */
export async function gunzipHead(file: DataFile): Promise<Uint8Array> {
  let head = new Uint8Array();
  const stream = new Gunzip((chunk) => {
    if (head.length === 0) head = new Uint8Array(chunk);
  });
  try {
    stream.push(await file.read(0, Math.min(4096, file.size)));
  } catch {
    return head;
  }
  return head;
}

/** The file with its content inflated and held in memory, under the same path. Throws InputError when it is damaged. */
export async function gunzipFile(file: DataFile): Promise<DataFile> {
  let bytes: Uint8Array;
  try {
    bytes = gunzipSync(await file.read());
  } catch {
    throw new InputError(`${file.path} is a damaged gzip file; copy it again.`);
  }
  return { path: file.path, size: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
}
