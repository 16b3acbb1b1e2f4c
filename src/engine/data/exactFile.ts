import type { DataFile } from "../model/dataset.ts";
import { FileChanged } from "../model/job.ts";

/** The file, of which every read gives the bytes asked for: it throws FileChanged where fewer came. */
export function exactFile(file: DataFile): DataFile {
  const { path, size, input } = file;
  return {
    path,
    size,
    ...(input !== undefined && { input }),
    async read(start = 0, end = size) {
      const bytes = await file.read(start, end);
      if (bytes.length !== end - start) {
        throw new FileChanged(`${path} was cut short while it was read; wait until it is written, and start again.`);
      }
      return bytes;
    },
  };
}
