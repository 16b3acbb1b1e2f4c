import { InputError } from "../engine/model/job.ts";
import { isSealed, unseal } from "../engine/project/index.ts";

/**
 * A file that `export` or age encrypted with a passphrase, as it was (docs/encryption.md); it takes seconds, in which nothing else is done on the
 * thread that calls. Rejects with InputError for another passphrase, and for what is damaged or not encrypted.
 */
export async function decrypt(file: Uint8Array, passphrase: string): Promise<Uint8Array> {
  if (!(file instanceof Uint8Array) || !isSealed(file)) {
    throw new InputError("decrypt takes the bytes of an encrypted file, a Uint8Array; this is none.");
  }
  if (typeof passphrase !== "string") throw new InputError("passphrase is a text; give the one of the file.");
  return unseal(file, passphrase, "The file");
}
