import { deleteLeft, removeLeftovers } from "../../../workers/client.ts";
import { database, deleteDatabase } from "./database.ts";
import { adoptCalibrations } from "./keeping.ts";
import { say } from "./log.ts";
import type { StudioState } from "./slices/studio.ts";
import { isStandIn } from "./standIn.ts";
import { actions, studio } from "./store.ts";
import {
  KEPT_FILES,
  type KeptFiles,
  SESSION,
  type SessionRecord,
  STORED_BEGUN,
  STORED_CALIBRATION,
  STORED_CODES,
  STORED_FINE_TUNING,
  STORED_ROUNDING,
  STORED_TUNING,
} from "./stored.ts";
import { sound } from "./storedCheck.ts";
import { allStored, guarded, put, removePut, storing } from "./storing.ts";
import { release } from "./tabs.ts";
import { analysis, engine } from "./workers.ts";

const SAVE_AFTER_MS = 400;
const LISTED = 5;

let timer: ReturnType<typeof setTimeout> | null = null;

/** Saves the open session soon; changes in between are saved together, and those that never rest no later. */
export function saveSoon(): void {
  timer ??= setTimeout(saveNow, SAVE_AFTER_MS);
}

/** Saves the open session if a save is due. */
export async function flush(): Promise<void> {
  if (timer) await saveNow();
}

/** Saves what is due, and resolves once all is stored. */
export async function finishStoring(): Promise<void> {
  await flush();
  await allStored();
}

/** Saves what is due when the page is hidden or left. Returns how to stop that. */
export function saveBeforeLeaving(): () => void {
  const leave = () => void flush();
  const hide = () => {
    if (document.visibilityState === "hidden") leave();
  };
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", hide);
  return () => {
    window.removeEventListener("pagehide", leave);
    document.removeEventListener("visibilitychange", hide);
  };
}

async function saveNow(): Promise<void> {
  if (timer) clearTimeout(timer);
  timer = null;
  const { project, results, view } = studio.getState();
  const { model, recipe, samples, keep } = project;
  const { evaluation, sensitivity, walk } = results;
  const { limit, sensitivitySamples, metric } = view;
  if (!model || !recipe) return;
  const { sha256, bytes, opset } = model.summary;
  const record: SessionRecord = {
    ...{ sha256, bytes, opset, name: model.file.name, savedAt: Date.now(), kept: keep },
    ...{ recipe: recipe.present, samples, limit, evaluation },
    ...{ sensitivity, walk, sensitivitySamples, metric },
  };
  await storing({ store: "sessions", sha256 }, () => put("sessions", record));
}

export async function saveCalibration({ project }: StudioState): Promise<void> {
  const { model, calibration, calibratedOn } = project;
  if (!model || !calibration || isStandIn(calibration)) return;
  const { sha256 } = model.summary;
  await storing({ store: "calibrations", sha256 }, () => put("calibrations", { sha256, calibration, calibratedOn }));
}

export async function saveBegun({ project: { model, begun } }: StudioState): Promise<void> {
  if (!model) return;
  const { sha256 } = model.summary;
  await storing({ store: "begun", sha256 }, () =>
    begun ? put("begun", { sha256, begun }) : removePut("begun", sha256),
  );
}

export async function saveTuning({ project: { model }, results: { tuning } }: StudioState): Promise<void> {
  if (!model || !tuning) return;
  const { sha256 } = model.summary;
  await storing({ store: "tunings", sha256 }, () => put("tunings", { sha256, tuning }));
}

export async function saveRounding({ project: { model }, results: { rounding } }: StudioState): Promise<void> {
  if (!model || !rounding) return;
  const { sha256 } = model.summary;
  await storing({ store: "roundings", sha256 }, () => put("roundings", { sha256, rounding }));
}

export async function saveFineTuning({ project: { model }, results: { finetuning } }: StudioState): Promise<void> {
  if (!model || !finetuning) return;
  const { sha256 } = model.summary;
  await storing({ store: "finetunings", sha256 }, () => put("finetunings", { sha256, finetuning }));
}

export async function saveCodes({ project: { model }, results: { codes } }: StudioState): Promise<void> {
  if (!model || !codes) return;
  const { sha256 } = model.summary;
  await storing({ store: "codes", sha256 }, () => put("codes", { sha256, codes }));
}

/** Keeps the model and samples in this browser, or removes them from it. */
export async function keepFiles(keep: boolean): Promise<void> {
  const { model, data } = studio.getState().project;
  if (!model) return;
  const { sha256 } = model.summary;
  actions.keepChosen(keep);
  const kept = await storing({ store: "files", sha256 }, async () => {
    if (keep) await put("files", { sha256, model: model.file, beside: model.beside, data: data?.files ?? [] });
    else await removePut("files", sha256);
  });
  if (!kept) actions.keepChosen(false);
  saveSoon();
}

/** The stored session of a model with its statistics, its last search, and what rounding was learned, what was fine-tuned and codes found, if there is one. */
export async function loadSession(sha256: string) {
  await adoptCalibrations();
  const db = await database();
  const record = await db.get("sessions", sha256);
  const calibration = await db.get("calibrations", sha256);
  const begun = await db.get("begun", sha256);
  const tuning = await db.get("tunings", sha256);
  const rounding = await db.get("roundings", sha256);
  const finetuning = await db.get("finetunings", sha256);
  const codes = await db.get("codes", sha256);
  if (!record || !sound(SESSION, record, sessionOf(record))) return null;
  const of = (what: string) => `${what} of ${record.name}`;
  return {
    record,
    ...(calibration && sound(STORED_CALIBRATION, calibration, of("calibration"))
      ? { calibration: calibration.calibration, calibratedOn: calibration.calibratedOn }
      : { calibration: null, calibratedOn: null }),
    begun: begun && sound(STORED_BEGUN, begun, of("calibration")) ? begun.begun : null,
    tuning: tuning && sound(STORED_TUNING, tuning, of("search")) ? tuning.tuning : null,
    rounding: rounding && sound(STORED_ROUNDING, rounding, of("rounding")) ? rounding.rounding : null,
    finetuning: finetuning && sound(STORED_FINE_TUNING, finetuning, of("fine-tuning")) ? finetuning.finetuning : null,
    codes: codes && sound(STORED_CODES, codes, of("codes")) ? codes.codes : null,
  };
}

export async function loadFiles(sha256: string): Promise<KeptFiles | null> {
  const files = await (await database()).get("files", sha256);
  return files && sound(KEPT_FILES, files, "model and samples") ? files : null;
}

function sessionOf({ name }: SessionRecord): string {
  return typeof name === "string" ? `session of ${name}` : "session";
}

/** Lists the sessions last worked on, latest first. */
export async function listSessions(): Promise<void> {
  await guarded(async () => {
    await adoptCalibrations();
    const stored = await (await database()).getAll("sessions");
    const records = stored.filter((record) => sound(SESSION, record, sessionOf(record)));
    const sessions = records.sort((a, b) => b.savedAt - a.savedAt).slice(0, LISTED);
    actions.sessionsListed(sessions);
  });
}

function forget(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.includes("octet")) localStorage.removeItem(key);
  } catch {
    // A browser that lets pages remember nothing has nothing to forget.
  }
}

/** Deletes all that this site has stored, ends the workers and goes back to the start. */
export async function deleteEverything(): Promise<void> {
  if (timer) clearTimeout(timer);
  timer = null;
  engine.close();
  analysis.close();
  release();
  actions.everythingDeleted();
  forget();
  await guarded(deleteDatabase);
  await guarded(deleteLeft);
  await removeLeftovers(true);
  say("info", "Everything that Octet had stored in this browser is deleted.");
}
