import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InputError } from "../src/engine/model/job.ts";

/** How often folders are made anew that another run removed meanwhile. */
const TURNS = 10;

/** The path, or what is nearest above it of that which is there. Throws InputError where that is a link that leads nowhere. */
export async function existingAbove(path: string): Promise<string> {
  for (let existing = resolve(path); ; existing = dirname(existing)) {
    if (dirname(existing) === existing || (await stat(existing).catch(() => null))) return existing;
    if ((await lstat(existing).catch(() => null))?.isSymbolicLink()) {
      throw new InputError(`${existing} is a link that leads nowhere; remove it, or write elsewhere.`);
    }
  }
}

/**
 * Makes a folder and those above it, and gives the outermost that was made; undefined where all were there. Node's own way does not end where a file
 * system has no place for a folder in one that is there, as /proc has none. Rejects with what the file system says.
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  let outermost: string | undefined;
  for (let turn = 1; ; turn++) {
    try {
      for (const folder of await missing(path)) {
        if (await isMade(folder)) outermost ??= folder;
      }
      return outermost;
    } catch (error) {
      if (turn === TURNS || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** False where another run made it first. */
async function isMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Folders that are to be made, from the outermost. */
async function missing(path: string): Promise<string[]> {
  const folders: string[] = [];
  const existing = await existingAbove(path);
  for (let at = resolve(path); at !== existing; at = dirname(at)) folders.unshift(at);
  return folders;
}
