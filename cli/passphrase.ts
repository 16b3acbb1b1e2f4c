import { InputError } from "../src/engine/model/job.ts";
import { isSealed, unseal, WrongPassphrase } from "../src/engine/project/index.ts";
import { readWhole } from "./files.ts";

/** Where a passphrase is taken from: what stands in a command line is seen by all users and kept in the shell's history. */
export const VARIABLE = "OCTET_PASSPHRASE";

/** The passphrase that is set; null where there is none. */
export function givenPassphrase(): string | null {
  return process.env[VARIABLE] || null;
}

/** What --encrypt encrypts with; null without it. Throws InputError where nothing is set, or what nobody can type. */
export function passphraseFor({ encrypt }: { readonly encrypt: boolean }): string | null {
  if (!encrypt) return null;
  const passphrase = givenPassphrase();
  if (passphrase === null) {
    throw new InputError(`--encrypt takes the passphrase from ${VARIABLE}; set that in the environment.`);
  }
  if (/[\r\n]/.test(passphrase)) {
    throw new InputError(
      `${VARIABLE} has a line break in it, as it has from a file, and nobody could type it to open what it encrypts; set it without.`,
    );
  }
  return passphrase;
}

/**
 * Decrypts a file by the passphrase that is set. Rejects with WrongPassphrase where that is none or another, with InputError where the file is
 * damaged.
 */
export async function opened(sealed: Uint8Array, path: string): Promise<Uint8Array> {
  const passphrase = givenPassphrase();
  if (passphrase === null) {
    throw new WrongPassphrase(
      `${path} is encrypted, and ${VARIABLE} is not set; set that in the environment to its passphrase.`,
    );
  }
  try {
    return await unseal(sealed, passphrase, path);
  } catch (error) {
    if (!(error instanceof WrongPassphrase)) throw error;
    throw new WrongPassphrase(
      `${path} is not opened by the passphrase in ${VARIABLE}; set that to the one that it was encrypted with.`,
    );
  }
}

/** The text of a document, decrypted where it is encrypted. Rejects with InputError as `opened` does, and where it cannot be read. */
export async function readDocumentText(path: string): Promise<string> {
  const bytes = await readWhole(path);
  return new TextDecoder().decode(isSealed(bytes) ? await opened(bytes, path) : bytes);
}
