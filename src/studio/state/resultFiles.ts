import type { PathFile } from "../../../workers/protocol.ts";
import { type Verification, verificationSentence } from "../../engine/model/verification.ts";
import { isKey, isReport, isZip } from "../files.ts";
import { readOf } from "./fingerprint.ts";
import { runJob } from "./jobs.ts";
import { alarm, alarmFor, inform } from "./log.ts";
import type { SealedFiles } from "./sealed.ts";
import { engine } from "./workers.ts";

/**
 * What was dropped, with the files of results in the place of the zips that hold them, once all are held against the reports among them,
 * by the public key that came with them where there is one. What came of it is told. What is encrypted is opened by `sealed`, and left out where it
 * is not.
 */
export async function checkedResults(files: readonly PathFile[], sealed: SealedFiles): Promise<readonly PathFile[]> {
  const key = files.find(({ path }) => isKey(path)) ?? null;
  const loose: PathFile[] = [];
  const unpacked: (readonly PathFile[])[] = [];
  for (const file of files) {
    const members = isZip(file.path) ? await unpack(file) : null;
    if (members) unpacked.push(members);
    else loose.push(file);
  }
  const opened = await sealed.open([...loose, ...unpacked.flat()]);
  for (const members of unpacked) await check(members, key, sealed, () => true);
  // What else was dropped belongs to no result, and of single files the others may lie elsewhere.
  const isTold = ({ kind, file }: Verification["faults"][number]) =>
    kind !== "unnamed" && (kind !== "missing" || file.includes("/"));
  await check(loose, key, sealed, isTold);
  return opened;
}

/** The files of a result in a zip, none where it is damaged, which is told; null where it is another zip. */
async function unpack(file: PathFile): Promise<readonly PathFile[] | null> {
  try {
    return await engine.ask((api) => api.resultFiles(file));
  } catch (error) {
    alarmFor(error, `Reading ${file.path}`);
    return [];
  }
}

async function check(
  files: readonly PathFile[],
  key: PathFile | null,
  sealed: SealedFiles,
  isTold: (fault: Verification["faults"][number]) => boolean,
): Promise<void> {
  const report = files.find(({ path }) => isReport(path));
  if (!report) return;
  const found = await runJob({
    task: "Checking",
    on: report.path,
    run: async (api, progress) => {
      const pem = key && { text: await readOf(key.path, key.file.text()), path: key.path };
      return api.verify(files, pem, sealed.reportsAmong(files), progress);
    },
  });
  if (!found) return;
  const told = { ...found, faults: found.faults.filter(isTold) };
  (told.faults.length > 0 ? alarm : inform)(verificationSentence(told));
}
