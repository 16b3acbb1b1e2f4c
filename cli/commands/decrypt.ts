import { basename, join } from "node:path";
import { InputError } from "../../src/engine/model/job.ts";
import { type Artifact, isSealed, openedName } from "../../src/engine/project/index.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { readWhole } from "../files.ts";
import { opened } from "../passphrase.ts";
import { assertFolder, writeFiles } from "../results.ts";
import type { Terminal } from "../terminal.ts";

/** Decrypts files of a result, for what reads them elsewhere. */
export async function decryptCommand({ names, values }: ArgumentsOf<"decrypt">, terminal: Terminal): Promise<number> {
  const out = values.out ?? ".";
  await assertFolder(out);
  const files: Artifact[] = [];
  for (const path of names as readonly string[]) {
    const bytes = await readWhole(path);
    if (!isSealed(bytes)) throw new InputError(`${path} is not encrypted; leave it out.`);
    const name = openedName(basename(path));
    if (name === basename(path)) throw new InputError(`${path} has a name without .age at its end; rename it.`);
    if (files.some((file) => file.name === name)) {
      throw new InputError(`Two of the files are called ${name}.age; decrypt them one after the other.`);
    }
    files.push({ name, chunks: [await opened(bytes, path)] });
  }
  await writeFiles(out, files, terminal.context.signal);
  const written = files.map(({ name }) => name);
  terminal.result(values.json, { out, files: written }, [
    ...written.map((name) => join(out, name)),
    "These are not encrypted any more; remove them when they are read.",
  ]);
  return 0;
}
