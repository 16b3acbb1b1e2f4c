import { passing, StoredBytes, WorkedBytes } from "../src/engine/model/deferred.ts";
import { InputError, type JobContext } from "../src/engine/model/job.ts";
import { type Artifact, type Keep, partsOf, storedFile, totalBytes } from "../src/engine/project/index.ts";
import { byteSize } from "../src/engine/values/units.ts";
import { folderOf } from "./leftovers.ts";
import type { WrittenFile } from "./protocol.ts";

const MEGABYTE = 1e6;
/** Shorter files stay in memory. */
const LEAST_BYTES = 2 ** 20;

/** Of FileSystemSyncAccessHandle, what is used: what a page's own types know nothing of. */
interface Access {
  truncate(bytes: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  read(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

interface Written {
  readonly handle: FileSystemFileHandle;
  readonly access: Access;
}

/** Files of a result that are written part after part into the origin's private file system, in a folder of this worker's name. */
export class OriginStaging {
  readonly #written = new Map<ReturnType<typeof partsOf>, Written>();

  /** Writes a file; what is worked out for it is read there from then on. Throws InputError when the browser has no room for it, or no such file system. */
  readonly keep: Keep = async (artifact, context, onlooker) => {
    const parts = partsOf(artifact);
    if (!navigator.storage?.getDirectory) {
      throw new InputError(
        `${artifact.name} is too large for memory, and this browser has no files of a page's own to write it to: quantize the model with octet in a terminal, or in Chrome or Firefox.`,
      );
    }
    await assertRoom(artifact);
    const folder = await folderOf(self.name);
    const handle = await folder.getFileHandle(artifact.name, { create: true });
    const access = await (handle as unknown as { createSyncAccessHandle(): Promise<Access> }).createSyncAccessHandle();
    this.#written.set(parts, { handle, access });
    const places = await write(artifact, access, context, onlooker);
    const stored = storedFile(totalBytes(parts), (target, from) => void access.read(target, { at: from }));
    for (const [part, at] of places) part.keep(new StoredBytes(stored, at, part.byteLength));
  };

  /** The files of a result, each from where it was written or is written now; small ones from memory. */
  async files(artifacts: readonly Artifact[], context: JobContext): Promise<WrittenFile[]> {
    const files: WrittenFile[] = [];
    for (const artifact of artifacts) {
      const parts = partsOf(artifact);
      const size = totalBytes(parts);
      if (size >= LEAST_BYTES && !this.#written.has(parts)) await this.keep(artifact, context);
      const file = await this.#fileOf(artifact);
      files.push({ name: artifact.name, size, file });
    }
    return files;
  }

  async #fileOf(artifact: Artifact): Promise<Blob> {
    const written = this.#written.get(partsOf(artifact));
    if (!written) return new Blob(artifact.chunks as Uint8Array<ArrayBuffer>[]);
    written.access.close();
    return written.handle.getFile();
  }

  /** Lets go of files that are open; they can then be removed. */
  close(): void {
    for (const { access } of this.#written.values()) access.close();
  }
}

/** Writes a file, and tells where in it is what was worked out. */
async function write(
  artifact: Artifact,
  access: Access,
  { signal, report }: JobContext,
  onlooker: Parameters<Keep>[2],
): Promise<[WorkedBytes, number][]> {
  const parts = partsOf(artifact);
  const total = totalBytes(parts) / MEGABYTE;
  const places: [WorkedBytes, number][] = [];
  let at = 0;
  access.truncate(0);
  for (const part of parts) {
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    report({ task: `Writing ${artifact.name}`, done: at / MEGABYTE, total, unit: "MB" });
    if (part instanceof WorkedBytes) places.push([part, at]);
    for (const bytes of passing([part])) {
      onlooker?.passed(bytes);
      put(bytes, artifact, access, at);
      at += bytes.length;
    }
    onlooker?.written(part);
  }
  access.flush();
  return places;
}

function put(bytes: Uint8Array<ArrayBuffer>, artifact: Artifact, access: Access, at: number): void {
  let done = 0;
  try {
    done = access.write(bytes, { at });
  } catch (error) {
    if ((error as Error).name !== "QuotaExceededError") throw error;
  }
  if (done < bytes.length) throw full(artifact, "the disk is full, or the browser gives this page no more of it");
}

/** Throws InputError where a file is longer than what the browser says it has left for this page. */
async function assertRoom(artifact: Artifact): Promise<void> {
  const { quota, usage = 0 } = await navigator.storage.estimate();
  if (quota === undefined || totalBytes(partsOf(artifact)) <= quota - usage) return;
  throw full(artifact, `the browser has ${byteSize(Math.max(0, quota - usage))} left for this page`);
}

function full(artifact: Artifact, why: string): InputError {
  const bytes = byteSize(totalBytes(partsOf(artifact)));
  return new InputError(
    `${artifact.name} takes ${bytes} and there is no room to write it: ${why}; free some, or quantize the model with octet in a terminal.`,
  );
}
