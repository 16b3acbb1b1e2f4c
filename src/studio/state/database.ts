import { type DBSchema, deleteDB, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from "idb";
import type { Json } from "../../engine/model/past/shape.ts";
import type { Of } from "../../engine/schema/define.ts";
import { type KeptPart, partOf } from "./keptParts.ts";
import type {
  KEPT_FILES,
  RESULT,
  SESSION,
  STORED_BEGUN,
  STORED_CALIBRATION,
  STORED_CODES,
  STORED_FINE_TUNING,
  STORED_ROUNDING,
  STORED_TUNING,
} from "./stored.ts";
import { RENEWALS } from "./storedPast.ts";
import { wholly } from "./wholly.ts";

interface Schema extends DBSchema {
  sessions: { key: string; value: Of<typeof SESSION> };
  calibrations: { key: string; value: Of<typeof STORED_CALIBRATION> };
  begun: { key: string; value: Of<typeof STORED_BEGUN> };
  tunings: { key: string; value: Of<typeof STORED_TUNING> };
  roundings: { key: string; value: Of<typeof STORED_ROUNDING> };
  finetunings: { key: string; value: Of<typeof STORED_FINE_TUNING> };
  codes: { key: string; value: Of<typeof STORED_CODES> };
  files: { key: string; value: Of<typeof KEPT_FILES> };
  results: { key: string; value: Of<typeof RESULT>; indexes: { sha256: string } };
  sizes: { key: string; value: KeptPart };
}

/** What holds records of models; the sizes of all are in one more store. */
export type RecordStore = Exclude<StoreNames<Schema>, "sizes">;
export type Stored<S extends RecordStore> = Schema[S]["value"];

const NAME = "octet";
const VERSION = 11;
let opened: Promise<IDBPDatabase<Schema>> | null = null;

/**
 * The database of this browser: one record a model in each store, by the model's SHA-256, and its results one by one. One
 * of an earlier version is brought to this one, store by store and record by record.
 */
export function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>(NAME, VERSION, {
    upgrade: (db, from, _, transaction) =>
      wholly(transaction, async () => {
        if (from < 1) for (const store of ["sessions", "calibrations", "files"] as const) create(db, store);
        if (from < 2) {
          create(db, "tunings");
          db.createObjectStore("results", { keyPath: "id" }).createIndex("sha256", "sha256");
        }
        if (from < 3) create(db, "roundings");
        if (from < 7) create(db, "codes");
        if (from < 8) db.createObjectStore("sizes", { keyPath: "id" });
        if (from < 9) create(db, "begun");
        if (from < 10) create(db, "finetunings");
        // Tuned before layers were tuned by themselves.
        else if (from < 11) await forget(transaction, "finetunings");
        if (from > 0) for (const store of db.objectStoreNames) await renewStore(transaction, store);
        if (from > 0 && from < 8) await measure(transaction, db.objectStoreNames);
      }),
    blocking: async () => {
      (await opened)?.close();
      opened = null;
    },
  });
  return opened;
}

function create(
  db: IDBPDatabase<Schema>,
  store: "sessions" | "calibrations" | "begun" | "tunings" | "roundings" | "finetunings" | "codes" | "files",
): void {
  db.createObjectStore(store, { keyPath: "sha256" });
}

/** Record by record, so that one of them is in memory at a time. */
async function renewStore(
  transaction: IDBPTransaction<Schema, StoreNames<Schema>[], "versionchange">,
  store: StoreNames<Schema>,
): Promise<void> {
  const renew = RENEWALS[store];
  let cursor = renew ? await transaction.objectStore(store).openCursor() : null;
  while (cursor && renew) {
    await cursor.update(renew(cursor.value as unknown as Json) as never);
    cursor = await cursor.continue();
  }
}

/** Drops all records of a store, and their sizes. */
async function forget(
  transaction: IDBPTransaction<Schema, StoreNames<Schema>[], "versionchange">,
  store: StoreNames<Schema>,
): Promise<void> {
  await transaction.objectStore(store).clear();
  let cursor = await transaction.objectStore("sizes").openCursor();
  while (cursor) {
    if (cursor.value.store === store) await cursor.delete();
    cursor = await cursor.continue();
  }
}

/** Notes the sizes of records of before, one of which is in memory at a time. */
async function measure(
  transaction: IDBPTransaction<Schema, StoreNames<Schema>[], "versionchange">,
  stores: Iterable<StoreNames<Schema>>,
): Promise<void> {
  for (const store of stores) {
    let cursor = store === "sizes" ? null : await transaction.objectStore(store).openCursor();
    while (cursor) {
      const { value } = cursor;
      const savedAt = "savedAt" in value ? value.savedAt : "date" in value ? value.date : 0;
      await transaction.objectStore("sizes").put(partOf(store, value, savedAt));
      cursor = await cursor.continue();
    }
  }
}

/** Deletes the database with all that is in it. */
export async function deleteDatabase(): Promise<void> {
  (await opened)?.close();
  opened = null;
  await deleteDB(NAME);
}
