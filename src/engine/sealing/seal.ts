import { InputError } from "../model/job.ts";
import { WORK_FACTOR } from "./workFactor.ts";

const BINARY = "age-encryption.org/v1\n";
const ARMORED = "-----BEGIN AGE ENCRYPTED FILE-----";
const PASSPHRASE = /^age-encryption\.org\/v1\n-> scrypt [A-Za-z0-9+/]+ ([1-9]\d{0,3})\n/;
/** The whole header of a file that a passphrase opens, which has one recipient. Longer ones are not parsed: their lines take minutes and gigabytes. */
const HEADER = /^[^\n]+\n-> scrypt [A-Za-z0-9+/]{22} \d+\n[A-Za-z0-9+/]{43}\n--- [A-Za-z0-9+/]{43}\n/;
/** Longer than any such header. */
const HEADER_BYTES = 512;
/** The most that a file may ask for, which is 2^20 rounds of scrypt and 1 GiB. */
const MOST_WORK = 20;

/** Thrown where a file is not opened by the passphrase that was given. */
export class WrongPassphrase extends InputError {}

/** Whether a file is encrypted in age's format, binary or armored. */
export function isSealed(file: Uint8Array): boolean {
  return startsWith(file, BINARY) || startsWith(file, ARMORED);
}

/** Encrypts a file with a passphrase, in age's format (age-encryption.org/v1), whose key takes 2^workFactor rounds of scrypt. */
export async function seal(file: Uint8Array, passphrase: string, workFactor = WORK_FACTOR): Promise<Uint8Array> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(workFactor);
  encrypter.setPassphrase(passphrase);
  return encrypter.encrypt(file);
}

/**
 * Decrypts what `seal` or any age encrypted with a passphrase. Rejects with WrongPassphrase, which a changed header looks like too, and with
 * InputError for a file that is damaged, is for a key, or asks for more work than anyone's.
 */
export async function unseal(file: Uint8Array, passphrase: string, fileName: string): Promise<Uint8Array> {
  const { armor, Decrypter } = await import("age-encryption");
  let binary = file;
  try {
    if (startsWith(file, ARMORED)) binary = armor.decode(new TextDecoder().decode(file));
  } catch {
    throw damaged(fileName);
  }
  assertOpenable(binary, fileName);
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(binary);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new InputError(`${fileName} takes more memory to decrypt than there is; close what else is open.`);
    }
    if (error instanceof Error && /no identity matched/.test(error.message)) {
      throw new WrongPassphrase(
        `${fileName} is not opened by this passphrase; give the one that it was encrypted with.`,
      );
    }
    throw damaged(fileName);
  }
}

function assertOpenable(file: Uint8Array, fileName: string): void {
  const header = new TextDecoder("latin1").decode(file.subarray(0, HEADER_BYTES));
  const work = PASSPHRASE.exec(header)?.[1];
  if (work === undefined && /^age-encryption\.org\/v1\n-> (?!scrypt )\S+ /.test(header)) {
    throw new InputError(
      `${fileName} is encrypted for a key, and Octet opens what a passphrase opens; decrypt it with age first.`,
    );
  }
  if (work === undefined) throw damaged(fileName);
  if (Number(work) > MOST_WORK) {
    throw new InputError(
      `${fileName} asks for 2^${work} rounds of scrypt to be opened, and Octet does 2^${MOST_WORK} at most; encrypt it anew with fewer.`,
    );
  }
  if (!HEADER.test(header)) throw damaged(fileName);
}

function startsWith(file: Uint8Array, text: string): boolean {
  return new TextDecoder("latin1").decode(file.subarray(0, text.length)) === text;
}

function damaged(fileName: string): InputError {
  return new InputError(`${fileName} is encrypted and damaged; copy it again from where it was made.`);
}
