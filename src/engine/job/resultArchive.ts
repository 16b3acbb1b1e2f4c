import { zipMembers } from "../data/zip.ts";
import type { DataFile } from "../model/dataset.ts";
import { isReport } from "./signedReports.ts";

/** The files of a result in a zip; null where no report is in it. Throws InputError where it is damaged. */
export async function resultIn(archive: DataFile): Promise<readonly DataFile[] | null> {
  const members = await zipMembers(archive);
  if (!members.some(({ name }) => isReport(name))) return null;
  const files: DataFile[] = [];
  for (const member of members) files.push(await member.open());
  return files;
}
