/** What folders that split a data set are called: no class is. */
const SPLITS = /^(train|training|val|valid|validation|test|testing|dev)$/i;

/**
 * The folder that says which class a file is of, by file: the first below all that the files have in common, or the one below
 * that where they are split first (`train/cat/1.jpg`, `val/cat/2.jpg`). Null for a file in no such folder.
 */
export function classFolders(paths: readonly string[]): readonly (string | null)[] {
  const folders = paths.map((path) => path.split("/").slice(0, -1));
  const at = sharedDepth(folders);
  const isSplit = folders.length > 0 && folders.every((parts) => parts.length > at && SPLITS.test(parts[at]!));
  return folders.map((parts) => parts[isSplit ? at + 1 : at] ?? null);
}

/** The folder that holds all of these files; empty where none does. */
export function holderOf(paths: readonly string[]): string {
  const folders = paths.map((path) => path.split("/").slice(0, -1));
  return (folders[0] ?? []).slice(0, sharedDepth(folders)).join("/");
}

function sharedDepth(folders: readonly (readonly string[])[]): number {
  const [first = []] = folders;
  const differs = first.findIndex((part, i) => folders.some((parts) => parts[i] !== part));
  return differs < 0 ? first.length : differs;
}
