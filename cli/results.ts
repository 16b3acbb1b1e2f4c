import { access, constants, lstat, mkdtemp, open, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Part, passing, StoredBytes, WorkedBytes } from "../src/engine/model/deferred.ts";
import { InputError } from "../src/engine/model/job.ts";
import {
  type Artifact,
  fileOf,
  isReport,
  isSealable,
  type Keep,
  openedName,
  partsOf,
  sealedFile,
  sealedName,
  signatureName,
  totalBytes,
} from "../src/engine/project/index.ts";
import { storedFile } from "./files.ts";
import { existingAbove, makeFolders } from "./folders.ts";

/** Holds all files of one run while they are put in place, below the folder that they go into. */
const COMPLETE = ".octet-complete";

/** What a rename says where another run's files are being put in place; the last is Windows'. */
const OCCUPIED: ReadonlySet<string | undefined> = new Set(["ENOTEMPTY", "EEXIST", "EPERM"]);

const TURNS = 1000;
const MEGABYTE = 1e6;

/** Throws InputError when no results can be written to a folder at this path. */
export async function assertFolder(path: string): Promise<void> {
  const existing = await existingAbove(path);
  if (!(await stat(existing)).isDirectory()) {
    throw new InputError(`${existing} is a file, so results cannot be written into it.`);
  }
  await access(existing, constants.W_OK).catch((error: unknown) => {
    throw refused(path, error);
  });
}

/**
 * Writes the files of one run, all or none: into a folder of their own first, from which they are moved. Runs that write
 * to one folder at the same time move theirs one run after the other, and the files of one replace those of the other.
 * Cancelled before the first is moved, it leaves nothing and throws what the signal says. Throws InputError when the
 * disk refuses.
 */
export async function writeFiles(
  folder: string,
  files: readonly Artifact[],
  signal: AbortSignal,
  staging: Staging | null = null,
): Promise<void> {
  const target = resolve(folder);
  let made: string | undefined;
  let staged: string | undefined;
  try {
    made = await makeFolders(target);
    await assertNoFolders(target, files);
    staged = await mkdtemp(join(target, ".octet-"));
    for (const file of files) {
      const path = join(staged, file.name);
      const written = staging?.pathOf(file);
      if (written) await rename(written, path);
      else await writeFile(path, passing(partsOf(file)), { signal });
    }
    signal.throwIfAborted();
    await complete(target, staged);
  } catch (error) {
    if (staged) await rm(staged, { recursive: true, force: true }).catch(() => undefined);
    if (made) await removeEmpty(target, made);
    signal.throwIfAborted();
    throw error instanceof InputError ? error : refused(folder, error);
  }
  await putInPlace(target).catch((error: unknown) => {
    throw refused(folder, error);
  });
}

/** Writes one file of text into a folder, wholly or not at all, encrypted where there is a passphrase; gives its name. Throws as writeFiles does. */
export async function writeText(
  folder: string,
  name: string,
  text: string,
  passphrase: string | null,
  signal: AbortSignal,
): Promise<string> {
  const file = fileOf(name, [new TextEncoder().encode(text)]);
  const written = passphrase === null ? file : await sealedFile(file, passphrase);
  await writeFiles(folder, [written], signal);
  await removeOthers(folder, [written]);
  return written.name;
}

/** Removes what an earlier run left of files that were written now: the same unencrypted, or encrypted, with its signature. */
export async function removeOthers(folder: string, files: readonly Artifact[]): Promise<void> {
  for (const { name } of files) {
    const other = openedName(name) === name ? sealedName(name) : openedName(name);
    if (!isSealable(name) || !isSealable(other)) continue;
    for (const each of isReport(other) ? [other, signatureName(other)] : [other]) {
      await rm(join(folder, each), { force: true }).catch((error: unknown) => {
        throw refused(folder, error);
      });
    }
  }
}

/** Throws InputError where a file that is to be written is one that is read, or one of the others: it would be lost. */
export async function assertApart(
  written: readonly (string | null)[],
  read: readonly (string | null)[],
): Promise<void> {
  const identityOf = async (path: string) => {
    const found = await stat(path, { bigint: true }).catch(() => null);
    if (found) return found.isFile() ? `${found.dev}:${found.ino}` : null;
    return resolve(path);
  };
  const taken = new Set<string | null>();
  for (const path of read) if (path !== null) taken.add(await identityOf(path));
  for (const path of written) {
    const identity = path === null ? null : await identityOf(path);
    if (identity === null) continue;
    if (taken.has(identity)) {
      throw new InputError(`${path} is read, or written, by the same command, and would be lost; name another file.`);
    }
    taken.add(identity);
  }
}

/** Writes a file of its own at a path, in folders that are made; a new one wholly or not at all. Throws InputError when the disk refuses. */
export async function writeAlone(path: string, text: string): Promise<void> {
  const isNew = !(await lstat(path).catch(() => null));
  try {
    await makeFolders(dirname(path));
    await writeFile(path, text);
  } catch (error) {
    if (isNew) await rm(path, { force: true }).catch(() => undefined);
    throw new InputError(`${path} cannot be written (${(error as Error).message}).`);
  }
}

/** Files of a result that are written before all of it is there, below the folder that it goes into. */
export class Staging {
  readonly #target: string;
  readonly #paths = new Map<readonly Part[], string>();
  #made: string | undefined;
  #folder: string | null = null;

  constructor(folder: string) {
    this.#target = resolve(folder);
  }

  /** Writes a file, part after part; what is worked out for it is read there from then on. Throws InputError when the disk refuses. */
  readonly keep: Keep = async (artifact, { signal, report }, onlooker) => {
    const parts = partsOf(artifact);
    const total = totalBytes(parts) / MEGABYTE;
    try {
      this.#made ??= await makeFolders(this.#target);
      this.#folder ??= await mkdtemp(join(this.#target, ".octet-"));
      const path = join(this.#folder, artifact.name);
      const file = await open(path, "w");
      const places: [WorkedBytes, number][] = [];
      let offset = 0;
      try {
        for (const part of parts) {
          signal.throwIfAborted();
          report({ task: `Writing ${artifact.name}`, done: offset / MEGABYTE, total, unit: "MB" });
          if (part instanceof WorkedBytes) places.push([part, offset]);
          for (const bytes of passing([part])) {
            onlooker?.passed(bytes);
            await file.appendFile(bytes);
          }
          onlooker?.written(part);
          offset += part.byteLength;
        }
      } finally {
        await file.close();
      }
      const stored = storedFile(path, offset);
      for (const [part, at] of places) part.keep(new StoredBytes(stored, at, part.byteLength));
      this.#paths.set(parts, path);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof InputError ? error : refused(this.#target, error);
    }
  };

  /** Where a file is; undefined where it is not written yet. */
  pathOf(artifact: Artifact): string | undefined {
    return this.#paths.get(partsOf(artifact));
  }

  /** Removes what was not put in place. */
  async end(): Promise<void> {
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
    if (this.#made) await removeEmpty(this.#target, this.#made);
  }
}

function refused(folder: string, error: unknown): InputError {
  return new InputError(`The results cannot be written to ${folder} (${(error as Error).message}).`);
}

async function assertNoFolders(target: string, files: readonly Artifact[]): Promise<void> {
  for (const { name } of files) {
    const path = join(target, name);
    if (!(await stat(path).catch(() => null))?.isDirectory()) continue;
    throw new InputError(`${path} is a folder, and a file of the results has that name; move it, or write elsewhere.`);
  }
}

/**
 * Makes what is staged the set that is put in place next. A set that is there is another run's; whoever comes finishes
 * it, so that a run that was killed holds up nobody and is not left half in place.
 */
async function complete(target: string, staged: string): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      return await rename(staged, join(target, COMPLETE));
    } catch (error) {
      if (turn === TURNS || !OCCUPIED.has((error as NodeJS.ErrnoException).code)) throw error;
      await putInPlace(target);
    }
  }
}

/** Moves the files of the complete set, if there is one, to their place. Several processes may do so at once. */
async function putInPlace(target: string): Promise<void> {
  const from = join(target, COMPLETE);
  const names = await readdir(from).catch(unless("ENOENT"));
  for (const name of names ?? []) await rename(join(from, name), join(target, name)).catch(unless("ENOENT"));
  await rmdir(from).catch(unless("ENOENT", "ENOTEMPTY", "EEXIST"));
}

function unless(...codes: readonly string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? "")) throw error;
  };
}

/** Removes folders from the innermost to the outermost, as far as they are empty. */
async function removeEmpty(innermost: string, outermost: string): Promise<void> {
  for (let at = innermost; at.length >= outermost.length; at = dirname(at)) {
    await rmdir(at).catch(() => undefined);
  }
}
