import { database, type RecordStore, type Stored } from "./database.ts";
import { type KeptPart, partOf } from "./keptParts.ts";
import { alarm } from "./log.ts";
import { keepWithinBounds, makeRoom } from "./room.ts";
import { actions, studio } from "./store.ts";
import { isKeeper } from "./tabs.ts";

const UNKEPT = "so this session is not kept, and a reload starts afresh";
const REASONS: Readonly<Record<string, string>> = {
  VersionError:
    "What this browser has stored is of a newer version of Octet, so nothing is read or stored; update Octet.",
  QuotaExceededError: `There is no room left in this browser, ${UNKEPT}: free space on the disk, or remove what is kept of other models under Export.`,
};
const OTHER_REASON = `This browser cannot store anything, ${UNKEPT}.`;

const under = new Set<Promise<unknown>>();

/** Resolves once all that is being stored is stored, or is known not to be. */
export async function allStored(): Promise<void> {
  await Promise.allSettled(under);
}

/**
 * Stores a record, and makes room for it among what is kept of other models. Throws QuotaExceededError where there is none, and the record
 * is then not kept.
 */
export async function put<S extends RecordStore>(store: S, record: Stored<S>): Promise<void> {
  const part = partOf(store, record, Date.now());
  try {
    await write(part, record);
  } catch (error) {
    if (!isFull(error) || !(await makeRoom(part))) throw error;
    await write(part, record);
  }
  try {
    await keepWithinBounds(part.sha256);
  } catch (error) {
    await removePut(store, part.key);
    throw error;
  }
}

/** Removes a record. */
export async function removePut(store: RecordStore, key: string): Promise<void> {
  const db = await database();
  await db.delete(store, key);
  await db.delete("sizes", `${store} ${key}`);
}

/** Commits at once: a page that is being left sends nothing more. */
async function write(part: KeptPart, record: object): Promise<void> {
  const store = part.store as RecordStore;
  const saving = (await database()).transaction([store, "sizes"], "readwrite");
  saving.objectStore(store).put(record as never);
  saving.objectStore("sizes").put(part);
  saving.commit();
  await saving.done;
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === "QuotaExceededError";
}

/** What is not stored though it is to be, each the model's SHA-256, the store and the id; the wish to keep files ends where they cannot be. */
const unkept = new Set<string>();

/**
 * Stores or removes a record of a model, of several the one with an id; false where another tab keeps its session, and where the browser
 * cannot, which is said for as long as a part of the open model is not stored.
 */
export function storing(
  { store, sha256, id = "" }: { readonly store: RecordStore; readonly sha256: string; readonly id?: string },
  work: () => Promise<void>,
): Promise<boolean> {
  if (!isKeeper()) return Promise.resolve(false);
  const part = `${sha256} ${store} ${id}`;
  const done = guarded(work).finally(() => under.delete(done));
  under.add(done);
  return done.then((stored) => {
    if (stored) unkept.delete(part);
    else if (store !== "files") unkept.add(part);
    const { work, project } = studio.getState();
    const isOpen = (each: string) => each.startsWith(`${project.model?.summary.sha256} `);
    if (work.notKept !== null && stored && ![...unkept].some(isOpen)) actions.keptAgain();
    return stored;
  });
}

/** Reads or writes what is stored; where the browser cannot, says so once and gives false. */
export async function guarded(store: () => Promise<void>): Promise<boolean> {
  try {
    await store();
    return true;
  } catch (error) {
    const reason = REASONS[error instanceof DOMException ? error.name : ""] ?? OTHER_REASON;
    if (studio.getState().work.notKept !== reason) {
      actions.notKept(reason);
      alarm(reason, String(error));
    }
    return false;
  }
}
