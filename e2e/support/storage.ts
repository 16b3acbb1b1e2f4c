import type { Page } from "@playwright/test";
import type { SessionRecord } from "../../src/studio/state/database.ts";

interface Stored {
  /** Records in all databases of the page's origin. */
  readonly records: number;
  readonly sessions: readonly SessionRecord[];
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
    for (const { name } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name!));
      for (const store of database.objectStoreNames) {
        records += await answer(database.transaction(store).objectStore(store).count());
        if (store === "sessions")
          sessions.push(...(await answer(database.transaction(store).objectStore(store).getAll())));
      }
      database.close();
    }
    return { records, sessions };
  });
}
