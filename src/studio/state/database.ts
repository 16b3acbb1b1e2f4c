import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { Calibration, PathFile } from "../../../workers/protocol.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { ErrorMetric, ErrorWalk, Sensitivity } from "../../engine/model/sensitivity.ts";
import type { Tuning } from "../../engine/model/tuning.ts";
import type { Based, LearnedRounding, StoredResult } from "./slices/results.ts";
import type { StoredSession } from "./slices/work.ts";

/** What is kept of a session without asking. */
export interface SessionRecord extends StoredSession {
  readonly recipe: Recipe;
  readonly samples: number;
  readonly limit: number;
  readonly evaluation: Based<Evaluation> | null;
  readonly sensitivity: Based<Sensitivity> | null;
  readonly walk: Based<ErrorWalk> | null;
  readonly sensitivitySamples: number;
  readonly metric: ErrorMetric;
}

/** What is kept only when the person says so. */
export interface KeptFiles {
  readonly sha256: string;
  readonly model: File;
  readonly beside: readonly PathFile[];
  readonly data: readonly PathFile[];
}

export interface StoredCalibration {
  readonly sha256: string;
  readonly calibration: Calibration;
  readonly calibratedOn: string | null;
}

interface Schema extends DBSchema {
  sessions: { key: string; value: SessionRecord };
  calibrations: { key: string; value: StoredCalibration };
  tunings: { key: string; value: { readonly sha256: string; readonly tuning: Based<Tuning> } };
  roundings: { key: string; value: { readonly sha256: string; readonly rounding: LearnedRounding } };
  files: { key: string; value: KeptFiles };
  results: { key: string; value: StoredResult; indexes: { sha256: string } };
}

const NAME = "octet";
let opened: Promise<IDBPDatabase<Schema>> | null = null;

/** The database of this browser: one record a model in each store, by the model's SHA-256, and its results one by one. */
export function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>(NAME, 3, {
    upgrade: (db) => {
      for (const store of [...db.objectStoreNames]) db.deleteObjectStore(store);
      db.createObjectStore("sessions", { keyPath: "sha256" });
      db.createObjectStore("calibrations", { keyPath: "sha256" });
      db.createObjectStore("tunings", { keyPath: "sha256" });
      db.createObjectStore("roundings", { keyPath: "sha256" });
      db.createObjectStore("files", { keyPath: "sha256" });
      db.createObjectStore("results", { keyPath: "id" }).createIndex("sha256", "sha256");
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
