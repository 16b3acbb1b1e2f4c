import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { Calibration, PathFile } from "../../../workers/protocol.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { Based, StoredSession } from "./store.ts";

/** What is kept of a session without asking. */
export interface SessionRecord extends StoredSession {
  readonly recipe: Recipe;
  readonly samples: number;
  readonly limit: number;
  readonly evaluation: Based<Evaluation> | null;
}

/** What is kept only when the person says so. */
export interface KeptFiles {
  readonly sha256: string;
  readonly model: File;
  readonly beside: readonly PathFile[];
  readonly data: readonly PathFile[];
}

interface Schema extends DBSchema {
  sessions: { key: string; value: SessionRecord };
  calibrations: { key: string; value: { readonly sha256: string; readonly calibration: Calibration } };
  files: { key: string; value: KeptFiles };
}

const NAME = "octet";
let opened: Promise<IDBPDatabase<Schema>> | null = null;

/** The database of this browser, one record a model in each store, by the model's SHA-256. */
export function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>(NAME, 1, {
    upgrade: (db) => {
      db.createObjectStore("sessions", { keyPath: "sha256" });
      db.createObjectStore("calibrations", { keyPath: "sha256" });
      db.createObjectStore("files", { keyPath: "sha256" });
    },
    blocking: async () => {
      (await opened)?.close();
      opened = null;
    },
  });
  return opened;
}

/** Deletes the database with all that is in it. */
export async function deleteDatabase(): Promise<void> {
  (await opened)?.close();
  opened = null;
  await deleteDB(NAME);
}
