import type { FamilyFound, FamilyMade, PathFile } from "../../../workers/protocol.ts";
import { plural } from "../../engine/values/figures.ts";
import { download } from "./export.ts";
import { runJob } from "./jobs.ts";
import { say } from "./log.ts";
import { inquire } from "./workers.ts";

/** What a folder holds of a family; null where that is nothing, which is told. */
export function familyOf(files: readonly PathFile[]): Promise<FamilyFound | null> {
  return inquire("Reading the folder", (api) => api.familyOf(files));
}

export interface FamilyWanted {
  readonly parts: readonly string[];
  readonly dtypes: readonly string[];
}

/** Makes a family, judged where there are samples; null where that was cancelled or failed, which is told. */
export async function makeFamily(
  files: readonly PathFile[],
  data: readonly PathFile[],
  wanted: FamilyWanted,
): Promise<FamilyMade | null> {
  const made = await runJob({
    task: "Making the family",
    on: plural(wanted.parts.length, "model"),
    run: (api, report) => api.makeFamily(files, data.length > 0 ? data : null, wanted, report),
  });
  if (made) say("info", `The family is made: ${plural(made.summary.variants.length, "file")}.`);
  return made;
}

export function downloadFamily({ zip, zipName }: FamilyMade): void {
  download(zip, zipName);
  say("info", `${zipName} is in your downloads.`);
}
