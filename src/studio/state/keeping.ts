import { adoptLeft, type LeftCalibration, Standing } from "../../../workers/client.ts";
import type { Keeping } from "../../../workers/protocol.ts";
import type { Origin } from "../../engine/recipe/derivations.ts";
import { database, type RecordStore } from "./database.ts";
import { untaught } from "./slices/project.ts";
import { allStored, guarded, put } from "./storing.ts";
import { isKeeper } from "./tabs.ts";

/** For so long a page that is being left waits until what was seen is stored: longer than any time between two checkpoints. */
const PATIENCE_MS = 5000;

let standing: Standing | null = null;

/** How the calibration that begins is stored while the page is being left; null where another tab keeps the session. */
export function keepingOf(calibration: Omit<Keeping, "standing">): Keeping | null {
  if (!isKeeper()) return null;
  const shared = Standing.share();
  standing = shared && new Standing(shared);
  return { ...calibration, standing: shared };
}

/** Notes, once it is stored, that the page knows of all that was seen. */
export async function keptHere(): Promise<void> {
  const ended = standing;
  await allStored();
  if (standing === ended) standing = null;
}

/** Holds the page that is being left until every batch that has ended is stored. */
export function waitUntilKept(): void {
  if (!standing) return;
  const { seen } = standing;
  const end = performance.now() + PATIENCE_MS;
  while (standing.stored < seen && performance.now() < end);
}

/** Takes over what workers have stored of calibrations whose pages were left, where it is newer than what the pages have. */
export async function adoptCalibrations(): Promise<void> {
  await guarded(() => adoptLeft(adopt));
}

async function adopt({
  sha256,
  calibration,
  recipe,
  calibratedOn,
  samples,
  changed,
  seenAt,
}: LeftCalibration): Promise<void> {
  const db = await database();
  const isOlder = async (store: RecordStore) => ((await db.get("sizes", `${store} ${sha256}`))?.savedAt ?? 0) >= seenAt;
  const session = await db.get("sessions", sha256);
  if (!session || (await isOlder("calibrations"))) return;
  if (recipe) {
    if (!(await isOlder("begun")))
      await put("begun", { sha256, begun: { recipe, calibration, calibratedOn, samples } });
    return;
  }
  await put("calibrations", { sha256, calibration, calibratedOn });
  await put("sessions", { ...session, recipe: untaught(session.recipe, changed as readonly Origin[]) });
}
