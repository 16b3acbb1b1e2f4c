import { stat } from "node:fs/promises";
import { InputError } from "../../src/engine/model/job.ts";
import type { Fault, VerifiedReport } from "../../src/engine/model/verification.ts";
import { keyName, readPublicKey, verifyFiles } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { entriesBelow, readText } from "../files.ts";
import { opened } from "../passphrase.ts";
import type { Terminal } from "../terminal.ts";

const EXIT_FAULTS = 1;

/** Checks every file of a folder against the reports in it, and these against their signatures; exits with 1 for any fault. */
export async function verifyCommand(
  { names: [folder], values }: ArgumentsOf<"verify">,
  terminal: Terminal,
): Promise<number> {
  const found = await stat(folder).catch(() => null);
  if (!found) throw new InputError(`There is no folder ${folder}.`);
  if (!found.isDirectory()) {
    throw new InputError(
      `${folder} is a file; name the folder that holds it with its report, unpacked where it is a zip.`,
    );
  }
  const key = values.key === null ? null : await readPublicKey(await readText(values.key), values.key);
  const { files, others } = await entriesBelow(folder);
  const verified = await verifyFiles(files, key, terminal.context, opened);
  const { reports } = verified;
  const faults = [...verified.faults, ...others.map(noFile)];
  const passed = faults.length === 0;
  const value = { folder, passed, key: key && keyName(key), reports, faults };
  terminal.result(values.json, value, [
    ...reports.map(reportLine),
    ...faults.map(({ message }) => `FAULT: ${message}`),
    passed ? `${folder} is as it was written.` : `${folder} has ${plural(faults.length, "fault")}.`,
  ]);
  return passed ? 0 : EXIT_FAULTS;
}

/** What lies behind a link to a folder is not looked at, and a report names files alone. */
function noFile(file: string): Fault {
  const message = `${file} is no file and no folder but a link to one, a link to nothing, a pipe or a device, which no report names; remove it.`;
  return { kind: "unnamed", file, message };
}

function reportLine({ file, named, same, signed }: VerifiedReport): string {
  const by =
    signed === null
      ? "no signature vouches for the report itself"
      : signed.isGiven
        ? `signed by the key given, ${signed.key}`
        : `signed by the key ${signed.key}; --key says whether that is the one you trust`;
  return `${file}: ${same} of ${plural(named, "file")} as it names them; ${by}`;
}
