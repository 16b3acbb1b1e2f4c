import { InputError, type JobContext } from "../src/engine/model/job.ts";

const MEGABYTE = 1_000_000;

/**
 * Writes a file in place of what the handle stands for, one part at a time, and gives it back. What was there stays when
 * this is cancelled or fails. Throws InputError when the disk or the browser refuses.
 */
export async function writeParts(
  target: FileSystemFileHandle,
  parts: readonly Uint8Array<ArrayBuffer>[],
  { signal, report }: JobContext,
): Promise<File> {
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const writable = await target.createWritable().catch((error: Error) => refuse(target, error));
  let done = 0;
  try {
    for (const part of parts) {
      signal.throwIfAborted();
      await writable.write(part);
      done += part.length;
      report({ task: `Writing ${target.name}`, done: done / MEGABYTE, total: total / MEGABYTE, unit: "MB" });
    }
    await writable.close();
  } catch (error) {
    await writable.abort().catch(() => undefined);
    signal.throwIfAborted();
    return refuse(target, error as Error);
  }
  return target.getFile();
}

function refuse({ name }: FileSystemFileHandle, { message }: Error): never {
  throw new InputError(`${name} could not be written (${message}); choose another place for it.`);
}
