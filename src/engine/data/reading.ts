import type { DataFile } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";

const MEGABYTE = 1e6;
/** What is read of a file at a time where its contents are, in bytes: beginnings and headers are shorter. */
const LONG = 2 ** 16;

/**
 * Tells how far opening files is, which are read by way of it, and stops that where the job is cancelled: of several, how many were looked into, and
 * how many MB of the one at hand were read; of one alone the MB.
 */
export class Reading {
  readonly #context: JobContext;
  readonly #files: number;
  readonly #begun = new Set<DataFile>();
  #hasEnded = false;

  constructor(files: number, context: JobContext) {
    this.#files = files;
    this.#context = context;
  }

  /** The file, of which reading is told of until the end. */
  watch(file: DataFile): DataFile {
    const { path, size, input } = file;
    let done = 0;
    return {
      path,
      size,
      ...(input !== undefined && { input }),
      read: async (start = 0, end = size) => {
        if (this.#hasEnded) return file.read(start, end);
        this.#context.signal.throwIfAborted();
        const bytes = await file.read(start, end);
        this.#begun.add(file);
        if (bytes.length >= LONG) done = Math.min(size, done + bytes.length);
        this.#tell(path, done, size);
        return bytes;
      },
    };
  }

  end(): void {
    this.#hasEnded = true;
  }

  #tell(path: string, done: number, size: number): void {
    const read = { done: done / MEGABYTE, total: size / MEGABYTE, unit: "MB" };
    if (this.#files === 1 && done > 0) this.#context.report({ task: "Reading data", ...read });
    if (this.#files === 1) return;
    const part = done > 0 ? { part: { task: path, ...read } } : {};
    this.#context.report({ task: "Reading data", done: this.#begun.size, total: this.#files, unit: "files", ...part });
  }
}
