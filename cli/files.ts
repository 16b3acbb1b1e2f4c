import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Artifact } from "../src/engine/job/export.ts";
import type { DataFile } from "../src/engine/model/dataset.ts";
import { InputError } from "../src/engine/model/job.ts";

/** The whole of a file. Throws InputError when it cannot be read. */
export async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readWhole(path));
}

/** A file below a folder by its path from there; null when there is none, or the path leads out of the folder. */
export async function readBelow(folder: string, path: string): Promise<Uint8Array | null> {
  const full = resolve(folder, path);
  return full.startsWith(join(resolve(folder), sep)) ? readFile(full).catch(() => null) : null;
}

/**
 * A file, or every file below a folder, with paths that begin with the folder's name, as in the tab. Links to files
 * count as files. Throws InputError for a folder without files.
 */
export async function dataFiles(path: string): Promise<DataFile[]> {
  const info = await stat(path).catch(() => null);
  if (!info?.isDirectory()) return [await singleFile(path)];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const name = basename(resolve(path));
  const files: DataFile[] = [];
  for (const entry of entries) {
    const full = join(entry.parentPath, entry.name);
    const found = await stat(full).catch(() => null);
    if (!found?.isFile()) continue;
    files.push(dataFile(full, [name, ...relative(path, full).split(sep)].filter(Boolean).join("/"), found.size));
  }
  if (files.length === 0) {
    throw new InputError(`The folder ${path} is empty; name one that holds images, .npy or IDX files.`);
  }
  return files;
}

/** One file. Throws InputError when there is none. */
export async function singleFile(path: string): Promise<DataFile> {
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (info.isDirectory()) throw new InputError(`${path} is a folder; name a file in it.`);
  return dataFile(path, basename(path), info.size);
}

function dataFile(full: string, path: string, size: number): DataFile {
  return {
    path,
    size,
    async read(start = 0, end = size) {
      const handle = await open(full);
      try {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
}

function unreadable(path: string, error: unknown): InputError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new InputError(`There is no file ${path}.`);
  if (code === "EISDIR") return new InputError(`${path} is a folder; name a file in it.`);
  return new InputError(`${path} cannot be read (${message}).`);
}

/** Throws InputError when no results can be written to a folder at this path. */
export async function assertFolder(path: string): Promise<void> {
  const [existing = "."] = await ancestors(path);
  if (!(await stat(existing)).isDirectory()) {
    throw new InputError(`${existing} is a file, so results cannot be written into it.`);
  }
  await access(existing, constants.W_OK).catch((error: unknown) => {
    throw new InputError(`The results cannot be written to ${path} (${(error as Error).message}).`);
  });
}

/** The nearest folder or file above or at a path that exists, and the missing ones below it, outermost first. */
async function ancestors(path: string): Promise<string[]> {
  const missing: string[] = [];
  let at = resolve(path);
  while (!(await stat(at).catch(() => null))) {
    missing.unshift(at);
    at = dirname(at);
  }
  return [at, ...missing];
}

/** Writes all files under other names first, so that a failure leaves no half of a result. */
export async function writeFiles(folder: string, files: readonly Artifact[]): Promise<void> {
  try {
    const [, ...missing] = await ancestors(folder);
    for (const path of missing) await mkdir(path);
    for (const { name, chunks } of files) await writeFile(join(folder, `${name}.part`), chunks);
    for (const { name } of files) await rename(join(folder, `${name}.part`), join(folder, name));
  } catch (error) {
    for (const { name } of files) await rm(join(folder, `${name}.part`), { force: true }).catch(() => undefined);
    throw new InputError(`The results cannot be written to ${folder} (${(error as Error).message}).`);
  }
}
