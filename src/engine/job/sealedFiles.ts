import type { JobContext } from "../model/job.ts";
import { concat } from "../onnx/encode.ts";
import { seal } from "../sealing/seal.ts";
import { type Artifact, partsOf } from "./artifact.ts";
import type { Exported } from "./export.ts";
import { reportedFile } from "./report.ts";
import { reportFile, reportPage } from "./reportFiles.ts";
import { isSealable, sealedName } from "./sealedName.ts";

export { isSealed, unseal, WrongPassphrase } from "../sealing/seal.ts";

/** A file, encrypted with a passphrase. */
export async function sealedFile(file: Artifact, passphrase: string): Promise<Artifact> {
  const sealed = await seal(new Uint8Array(concat(partsOf(file))), passphrase);
  return { name: sealedName(file.name), chunks: [sealed] };
}

/**
 * The files of an export with all but the models encrypted: the report names the others as they are written then, by the names and
 * digests of what is encrypted.
 */
export async function sealedFiles(
  { files, report }: Pick<Exported, "files" | "report">,
  passphrase: string,
  { signal, report: tell }: JobContext,
): Promise<readonly Artifact[]> {
  const names = new Set(report.files.map(({ name }) => name));
  const total = files.filter(({ name }) => isSealable(name)).length;
  let done = 0;
  const sealed = async (file: Artifact) => {
    // Each takes seconds in which nothing else is done here.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    tell({ task: "Encrypting", done: done++, total, unit: "files" });
    return sealedFile(file, passphrase);
  };
  const others: Artifact[] = [];
  for (const file of files.filter(({ name }) => names.has(name))) {
    others.push(isSealable(file.name) ? await sealed(file) : file);
  }
  const told = { ...report, files: others.map(reportedFile) };
  const page = await sealed(reportPage(told));
  return [...others, await sealed(reportFile(told, page)), page];
}
