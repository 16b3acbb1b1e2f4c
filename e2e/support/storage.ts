import type { Page } from "@playwright/test";
import type { SessionRecord, StoredResult } from "../../src/studio/state/stored.ts";

interface Stored {
  /** Records in all databases of the page's origin. */
  readonly records: number;
  readonly sessions: readonly SessionRecord[];
  readonly results: readonly StoredResult[];
}

/** What the browser has stored for the page. */
export function stored(page: Page): Promise<Stored> {
  return page.evaluate(async () => {
    const answer = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    let records = 0;
    const sessions: SessionRecord[] = [];
    const results: StoredResult[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name!));
      for (const store of database.objectStoreNames) {
        const kept = () => database.transaction(store).objectStore(store);
        if (store !== "sizes") records += await answer(kept().count());
        if (store === "sessions") sessions.push(...(await answer(kept().getAll())));
        if (store === "results") results.push(...(await answer(kept().getAll())));
      }
      database.close();
    }
    return { records, sessions, results };
  });
}
