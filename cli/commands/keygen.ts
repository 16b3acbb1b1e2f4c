import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../src/engine/model/job.ts";
import { keyName, makeKeys, readPublicKey } from "../../src/engine/project/index.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { makeFolders } from "../folders.ts";
import { assertFolder } from "../results.ts";
import type { Terminal } from "../terminal.ts";

const PRIVATE = "octet-private.pem";
const PUBLIC = "octet-public.pem";
/** Read and written by the owner alone. */
const OWN = 0o600;

/** Writes a new pair of keys, and never over a file that is there. */
export async function keygenCommand({ values }: ArgumentsOf<"keygen">, terminal: Terminal): Promise<number> {
  const out = values.out ?? ".";
  await assertFolder(out);
  const { privatePem, publicPem } = await makeKeys();
  const [privateKey, publicKey] = [join(out, PRIVATE), join(out, PUBLIC)];
  await makeFolders(out).catch((error: Error) => {
    throw new InputError(`${out} cannot be made (${error.message}).`);
  });
  await writeNew(privateKey, privatePem, OWN);
  try {
    await writeNew(publicKey, publicPem);
  } catch (error) {
    await rm(privateKey);
    throw error;
  }
  const name = keyName(await readPublicKey(publicPem, PUBLIC));
  terminal.result(values.json, { privateKey, publicKey, name }, [
    `${privateKey}: the private key, for octet quantize --sign; give it to nobody, and keep a copy`,
    `${publicKey}: the public key ${name}, for octet verify --key; give it to whoever verifies`,
  ]);
  return 0;
}

async function writeNew(path: string, text: string, mode?: number): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx", ...(mode !== undefined && { mode }) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      throw new InputError(
        `${path} is there already and may be in use; move it, or write to another folder with --out.`,
      );
    }
    await rm(path, { force: true }).catch(() => undefined);
    throw new InputError(`${path} cannot be written (${message}).`);
  }
}
