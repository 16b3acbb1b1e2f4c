import { assertHeld } from "../data/held.ts";
import { zipMembers } from "../data/zip.ts";
import type { DataFile } from "../model/dataset.ts";
import { isReport } from "./signedReports.ts";

/** The files of a result in a zip, held; null where no report is in it. Throws InputError where it is damaged, or they are more than `most` bytes. */
export async function resultIn(archive: DataFile, most?: number): Promise<readonly DataFile[] | null> {
  const members = await zipMembers(archive);
  if (!members.some(({ name }) => isReport(name))) return null;
  assertHeld(
    archive.path,
    members.reduce((sum, { size }) => sum + size, 0),
    most,
  );
  const files: DataFile[] = [];
  for (const member of members) files.push(await member.open());
  return files;
}
