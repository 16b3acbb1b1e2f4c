import { database, type Stored, type StoreName } from "./database.ts";
import { alarm } from "./log.ts";
import { actions, studio } from "./store.ts";
import { isKeeper } from "./tabs.ts";

const UNKEPT = "so this session is not kept, and a reload starts afresh";
const REASONS: Readonly<Record<string, string>> = {
  VersionError:
    "What this browser has stored is of a newer version of Octet, so nothing is read or stored; update Octet.",
  QuotaExceededError: `There is no room left in this browser, ${UNKEPT}: remove what is kept of other models under Export, or free space on the disk.`,
};
const OTHER_REASON = `This browser cannot store anything, ${UNKEPT}.`;

const under = new Set<Promise<unknown>>();

/** Resolves once all that is being stored is stored, or is known not to be. */
export async function allStored(): Promise<void> {
  await Promise.allSettled(under);
}

/** Stores a record at once: a page that is being left sends nothing more. */
export async function put<S extends StoreName>(store: S, record: Stored<S>): Promise<void> {
  const saving = (await database()).transaction(store, "readwrite");
  saving.store.put(record);
  saving.commit();
  await saving.done;
}

/** Stores something of the open model; false where another tab keeps its session, and where the browser cannot, which is said. */
export function storing(store: () => Promise<void>): Promise<boolean> {
  if (!isKeeper()) return Promise.resolve(false);
  const done = guarded(store).finally(() => under.delete(done));
  under.add(done);
  return done.then((stored) => {
    if (stored && studio.getState().work.notKept !== null) actions.keptAgain();
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
