import { type DBSchema, deleteDB, openDB } from "idb";
import type { Calibration } from "../src/engine/model/calibration.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";

/** As whose a calibration is kept, and what the page knows of it that its worker does not. */
export interface Keeping {
  /** Of the model. */
  readonly sha256: string;
  /** Fingerprint of the samples. */
  readonly calibratedOn: string;
  /** Samples asked for. */
  readonly samples: number;
  /** From what the recipe is no longer derived as it was. */
  readonly changed: readonly string[];
  /** What is observed for, where that is to take the place of what was; null where it takes it at once, or the engine tells. */
  readonly recipe: Recipe | null;
  /** As `Standing` reads it; null where pages share no memory with workers. */
  readonly standing: SharedArrayBuffer | null;
}

/** What a worker has stored of a calibration whose page was being left, with the recipe that was being settled, as far as it was. */
export interface LeftCalibration extends Omit<Keeping, "standing"> {
  readonly calibration: Calibration;
  /** When the last of its samples was, milliseconds since 1970: what the page stored later is newer. */
  readonly seenAt: number;
}

interface Schema extends DBSchema {
  calibrations: { key: string; value: LeftCalibration };
}

/**
 * A database of its own: what a page has begun in the other, and does not go on with while it is being left, would block a worker there
 * until the page is gone.
 */
const NAME = "octet-left";

function database() {
  return openDB<Schema>(NAME, 1, {
    upgrade: (db) => void db.createObjectStore("calibrations", { keyPath: "sha256" }),
  });
}

export async function putLeft(record: LeftCalibration): Promise<void> {
  const db = await database();
  try {
    await db.put("calibrations", record);
  } finally {
    db.close();
  }
}

/** Gives what was left to `adopt`, one record after the other, and removes each that is adopted. */
export async function adoptLeft(adopt: (record: LeftCalibration) => Promise<void>): Promise<void> {
  const db = await database();
  try {
    for (const key of await db.getAllKeys("calibrations")) {
      const record = await db.get("calibrations", key);
      if (record) await adopt(record);
      await db.delete("calibrations", key);
    }
  } finally {
    db.close();
  }
}

export function deleteLeft(): Promise<void> {
  return deleteDB(NAME);
}
