import { byteSize } from "../../engine/values/units.ts";
import { database, type RecordStore } from "./database.ts";
import { evictions, type KeptPart, MOST_RECORD_BYTES, makingWay } from "./keptParts.ts";
import { say } from "./log.ts";
import { actions, studio } from "./store.ts";

const WORDS: Readonly<Record<string, string>> = {
  begun: "the statistics of a calibration that did not end",
  calibrations: "the statistics",
  tunings: "the last search",
  roundings: "learned rounding",
  finetunings: "what was fine-tuned",
  codes: "codes found",
  results: "a result",
  sessions: "the session",
  files: "model and samples",
};

/**
 * Removes what has to go, of models that are not open, so that what is kept is within its bounds, and says what went. Throws QuotaExceededError
 * where the open model's own is more than the bounds.
 */
export async function keepWithinBounds(open: string): Promise<void> {
  const { gone, fits } = evictions(await (await database()).getAll("sizes"), open);
  await sayAndRemove(gone);
  if (!fits) throw new DOMException(`more than ${byteSize(MOST_RECORD_BYTES)}`, "QuotaExceededError");
}

/** Removes as much of models that are not open, of what can be made again, as a record needs, and says what went; false where that is not enough. */
export async function makeRoom({ sha256, bytes }: KeptPart): Promise<boolean> {
  const gone = makingWay(await (await database()).getAll("sizes"), sha256, bytes);
  await sayAndRemove(gone);
  return gone.length > 0;
}

async function sayAndRemove(gone: readonly KeptPart[]): Promise<void> {
  for (const part of gone) {
    say("info", `${await wordsOf(part)} went from this browser to make room: ${byteSize(part.bytes)}.`);
    await remove(part);
  }
}

async function wordsOf({ store, sha256 }: KeptPart): Promise<string> {
  const name = (await (await database()).get("sessions", sha256))?.name ?? "another model";
  return `${WORDS[store] ?? store} of ${name}`.replace(/^./, (first) => first.toUpperCase());
}

async function remove({ id, store, key, sha256 }: KeptPart): Promise<void> {
  const db = await database();
  await db.delete(store as RecordStore, key);
  await db.delete("sizes", id);
  const session = store === "files" ? await db.get("sessions", sha256) : undefined;
  if (session) await db.put("sessions", { ...session, kept: false });
}

/** Removes all that is kept of a model. */
export async function removeKept(sha256: string): Promise<void> {
  const parts = await (await database()).getAll("sizes");
  for (const part of parts.filter((each) => each.sha256 === sha256)) await remove(part);
  if (studio.getState().project.model?.summary.sha256 === sha256) actions.keepChosen(false);
  await listKept();
}

/** Tells how large what is kept of each model is. */
export async function listKept(): Promise<void> {
  const db = await database();
  const sessions = await db.getAll("sessions");
  const names = new Map(sessions.map(({ sha256, name }) => [sha256, name]));
  const found = new Map<string, { records: number; files: number; savedAt: number }>();
  for (const { sha256, store, bytes, savedAt } of await db.getAll("sizes")) {
    const known = found.get(sha256) ?? { records: 0, files: 0, savedAt: 0 };
    known[store === "files" ? "files" : "records"] += bytes;
    known.savedAt = Math.max(known.savedAt, savedAt);
    found.set(sha256, known);
  }
  const kept = [...found].map(([sha256, sizes]) => ({ sha256, name: names.get(sha256) ?? "another model", ...sizes }));
  actions.keptListed(kept.sort((a, b) => b.savedAt - a.savedAt));
}
