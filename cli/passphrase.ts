import { InputError } from "../src/engine/model/job.ts";
import { isSealed, unseal, WrongPassphrase } from "../src/engine/project/index.ts";
import { readWhole } from "./files.ts";

/** Where a passphrase is taken from: what stands in a command line is seen by all users and kept in the shell's history. */
export const VARIABLE = "OCTET_PASSPHRASE";

/** The passphrase that is set, or several, one a line; null where there is none. */
export function givenPassphrase(): string | null {
  return process.env[VARIABLE] || null;
}

/** Those that are set, one a line, as a line break is in none that can be typed. */
const linesOf = (given: string) => given.split(/\r?\n/).filter((line) => line !== "");

/** How many passphrases are set, one a line. */
export const passphraseCount = () => linesOf(givenPassphrase() ?? "").length;

/**
 * What --encrypt encrypts with; null without it. With `takesFirst` it is the first of several, the others of which open what is read. Throws InputError
 * where nothing is set, or what nobody can type.
 */
export function passphraseFor({ encrypt }: { readonly encrypt: boolean }, takesFirst = false): string | null {
  if (!encrypt) return null;
  const given = givenPassphrase();
  if (given === null) {
    throw new InputError(`--encrypt takes the passphrase from ${VARIABLE}; set that in the environment.`);
  }
  const [first = given] = linesOf(given);
  const passphrase = takesFirst ? first : given;
  if (/[\r\n]/.test(passphrase)) {
    throw new InputError(
      `${VARIABLE} has a line break in it, as it has from a file or of several passphrases, and --encrypt takes one that can be typed; set it without, and decrypt before it what has another.`,
    );
  }
  if (passphrase.includes("\ufffd")) {
    throw new InputError(
      `${VARIABLE} holds bytes that are no UTF-8, all of which would stand for one character, so that other passphrases would open the files too; set it in a terminal of UTF-8.`,
    );
  }
  return passphrase;
}

/** The one that opened a file last is tried first: each takes seconds. */
let lastOpening: string | null = null;

/** One a line; whole at last, since a program may have encrypted with one that has a line break. */
function candidates(given: string): readonly string[] {
  const all = [...new Set([...linesOf(given), given])];
  return lastOpening !== null && all.includes(lastOpening) ? [...new Set([lastOpening, ...all])] : all;
}

/**
 * Decrypts a file by the passphrase that is set, or one of several, each on a line of its own. Rejects with WrongPassphrase where that is none or another,
 * with InputError where the file is damaged.
 */
export async function opened(sealed: Uint8Array, path: string): Promise<Uint8Array> {
  const given = givenPassphrase();
  if (given === null) {
    throw new WrongPassphrase(
      `${path} is encrypted, and ${VARIABLE} is not set; set that in the environment to its passphrase.`,
    );
  }
  for (const passphrase of candidates(given)) {
    try {
      const file = await unseal(sealed, passphrase, path);
      lastOpening = passphrase;
      return file;
    } catch (error) {
      if (!(error instanceof WrongPassphrase)) throw error;
    }
  }
  throw new WrongPassphrase(
    `${path} is not opened by ${given.includes("\n") ? "any passphrase" : "the passphrase"} in ${VARIABLE}; set that to the one that it was encrypted with, or to several, one a line.`,
  );
}

/** The text of a document, decrypted where it is encrypted. Rejects with InputError as `opened` does, and where it cannot be read. */
export async function readDocumentText(path: string): Promise<string> {
  const bytes = await readWhole(path);
  return new TextDecoder().decode(isSealed(bytes) ? await opened(bytes, path) : bytes);
}
