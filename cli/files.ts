import { createHash } from "node:crypto";
import { fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { DataFile } from "../src/engine/model/dataset.ts";
import type { FilePlace, StoredFile } from "../src/engine/model/deferred.ts";
import { FileChanged, InputError } from "../src/engine/model/job.ts";

/** Node reads less than 2 GiB at a time. */
const PIECE = 2 ** 30;
/** Bytes that are digested at once, between which a job can be cancelled. */
const DIGESTED = 2 ** 23;

/** The whole of a file, or of a pipe. Throws InputError when it cannot be read. */
export async function readWhole(path: string): Promise<Uint8Array> {
  const file = await singleFile(path);
  if (file.size > PIECE) return file.read();
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readWhole(path));
}

/** Longer files of models and of their weights are not read whole. */
const LARGE = 2 ** 26;

/** A model, a large one left where it is, or what a pipe gives. Throws InputError when it cannot be read. */
export async function modelBytes(path: string): Promise<Uint8Array | StoredFile> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() && found.size > LARGE ? placedFile(path) : readWhole(path);
}

/**
 * A file of weights below a folder by its path from there, a large one left where it is; null when there is none, or the path
 * leads out of the folder. Throws InputError when it is there and cannot be read, or is a pipe or a device, of which reading may never end.
 */
export async function weightsBelow(folder: string, path: string): Promise<Uint8Array | StoredFile | null> {
  const full = resolve(folder, path);
  if (!full.startsWith(join(resolve(folder), sep))) return null;
  const found = await stat(full).catch(() => null);
  if (!found) return null;
  if (!found.isFile() && !found.isDirectory()) {
    throw new InputError(`${full} is no file but a pipe or a device; put the weights there as a file.`);
  }
  return found.size > LARGE ? placedFile(full) : readWhole(full);
}

/** A file that stays where it is, where a runtime may open it by itself. Throws InputError when it cannot be opened. */
function placedFile(path: string): StoredFile {
  try {
    const real = realpathSync(path);
    const version = statSync(real);
    const place: FilePlace = {
      folder: dirname(real),
      name: basename(real),
      assertSame() {
        const now = statSync(real, { throwIfNoEntry: false });
        if (!now || !isSame(version, now)) throw changed(path);
      },
    };
    return { ...storedFile(real, version.size), place };
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(path, error);
  }
}

/** A file that is read in parts, for as long as this process is there. Throws InputError when it cannot be opened. */
export function storedFile(path: string, byteLength: number): StoredFile {
  let file: number;
  let version: Stats;
  try {
    file = openSync(path, "r");
    version = fstatSync(file);
  } catch (error) {
    throw unreadable(path, error);
  }
  const readInto = (target: Uint8Array, from: number) => {
    for (let done = 0; done < target.length; ) {
      let read: number;
      try {
        read = readSync(file, target, done, Math.min(PIECE, target.length - done), from + done);
      } catch (error) {
        throw unreadable(path, error);
      }
      if (read === 0) throw changed(path);
      done += read;
    }
    if (!isSame(version, fstatSync(file))) throw changed(path);
  };
  return {
    byteLength,
    readInto,
    async sha256(from, to, see) {
      const hash = createHash("sha256");
      const buffer = new Uint8Array(DIGESTED);
      for (let at = from; at < to; at += DIGESTED) {
        const part = buffer.subarray(0, Math.min(DIGESTED, to - at));
        readInto(part, at);
        hash.update(part);
        see?.(part, at);
        await new Promise(setImmediate);
      }
      return hash.digest();
    },
  };
}

/**
 * A file, or every file below a folder, with paths that begin with the folder's name, as in the tab. Links to files
 * count as files. Throws InputError for a folder without files.
 */
export async function dataFiles(path: string): Promise<DataFile[]> {
  const info = await stat(path).catch(() => null);
  if (!info?.isDirectory()) return [await singleFile(path)];
  const files = await filesBelow(path);
  if (files.length === 0) {
    throw new InputError(`The folder ${path} is empty; name one that holds images, .npy, .npz, .jsonl or IDX files.`);
  }
  return files;
}

/** Every file below a folder, as `dataFiles` has them; none where there is none. Throws InputError when it cannot be read. */
export async function filesBelow(path: string): Promise<DataFile[]> {
  return (await entriesBelow(path)).files;
}

/** Every file below a folder, and the paths of all that is neither a file nor a folder: links to folders or to nothing, pipes, devices. */
export async function entriesBelow(path: string): Promise<{
  readonly files: DataFile[];
  readonly others: readonly string[];
}> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const name = basename(resolve(path));
  const files: DataFile[] = [];
  const others: string[] = [];
  for (const entry of entries) {
    const full = join(entry.parentPath, entry.name);
    const shown = [name, ...relative(path, full).split(sep)].filter(Boolean).join("/");
    const found = await stat(full).catch(() => null);
    if (found?.isFile()) files.push(dataFile(full, shown, found));
    else if (!entry.isDirectory()) others.push(shown);
  }
  return { files, others };
}

/**
 * The files of several sources, each a path, or NAME=PATH for the model's input of that name; what is a path as it stands
 * is one. Throws InputError as `dataFiles` does.
 */
export async function dataSources(given: readonly string[]): Promise<DataFile[]> {
  const sources = given.map(async (source) => {
    const at = source.indexOf("=");
    const isPath = at < 1 || (await stat(source).catch(() => null)) !== null;
    if (isPath) return dataFiles(source);
    const input = source.slice(0, at);
    return (await dataFiles(source.slice(at + 1))).map((file): DataFile => ({ ...file, input }));
  });
  return (await Promise.all(sources)).flat();
}

/** One file. Throws InputError when there is none. */
export async function singleFile(path: string): Promise<DataFile> {
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (info.isDirectory()) throw new InputError(`${path} is a folder; name a file in it.`);
  return dataFile(path, basename(path), info);
}

/** A file of which every read throws FileChanged where it is no more what it was when it was found. */
function dataFile(full: string, path: string, found: Stats): DataFile {
  const { size } = found;
  return {
    path,
    size,
    async read(start = 0, end = size) {
      let bytes: Uint8Array;
      let now: Stats;
      try {
        const handle = await open(full);
        try {
          bytes = await readRange(handle, start, end);
          now = await handle.stat();
        } finally {
          await handle.close();
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") throw changed(full);
        throw unreadable(full, error);
      }
      // A pipe has no size, and what was read of it is gone.
      if (found.isFile() && !isSame(found, now)) throw changed(full);
      return bytes;
    },
  };
}

/** Whether a file was neither written nor replaced between two looks. */
function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

function changed(path: string): FileChanged {
  return new FileChanged(`${path} was changed while it was read; wait until it is written, and run the command again.`);
}

/** Bytes start..end, fewer where the file ends before. */
async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(PIECE, bytes.length - done), start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

function unreadable(path: string, error: unknown): InputError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof RangeError) return new InputError(`${path} is too long to be held in memory (${message}).`);
  if (code === "ENOENT") return new InputError(`There is no file ${path}.`);
  if (code === "EISDIR") return new InputError(`${path} is a folder; name a file in it.`);
  return new InputError(`${path} cannot be read (${message}).`);
}
