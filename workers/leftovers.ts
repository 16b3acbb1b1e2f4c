/** Results that were written for a download are below a folder of this name in the origin's private file system. */
const RESULTS = "octet-results";

/** The folder that the worker of a name writes results into. */
export async function folderOf(worker: string): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const results = await root.getDirectoryHandle(RESULTS, { create: true });
  return results.getDirectoryHandle(worker, { create: true });
}

/** Removes what the worker of a name has written, if anything. */
export async function removeResults(worker: string): Promise<void> {
  const results = await resultsFolder();
  await results?.removeEntry(worker, { recursive: true }).catch(() => undefined);
}

/** Removes what workers have written that are gone; `all` of any. Each holds the Web Lock of its name for its life. */
export async function removeLeftovers(all = false): Promise<void> {
  const results = await resultsFolder();
  if (!results) return;
  const { held = [] } = await navigator.locks.query();
  const alive = new Set(held.map(({ name }) => name));
  for await (const name of results.keys()) if (all || !alive.has(name)) await removeResults(name);
}

/** Null where nothing was written yet, or the browser has no such file system. */
async function resultsFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(RESULTS);
  } catch {
    return null;
  }
}
