import { readReport } from "../artifacts/report.ts";
import { readSignature, writeSignature } from "../artifacts/signature.ts";
import type { DataFile } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Report } from "../model/report.ts";
import type { Fault, FaultKind, Verification, VerifiedReport } from "../model/verification.ts";
import { Sha256 } from "../numerics/sha256.ts";
import { isSealed, WrongPassphrase } from "../sealing/seal.ts";
import { hex } from "../values/hex.ts";
import { byteSize } from "../values/units.ts";
import { isReport, signatureName } from "./signedReports.ts";
import { isSignatureOf, keyName, keyOf } from "./signing.ts";

/** Bytes that are read and digested at once. */
const PIECE = 2 ** 23;
const MEGABYTE = 1e6;

/** Opens an encrypted report; rejects with WrongPassphrase where it has no passphrase that opens it, with InputError where it is damaged. */
export type Opener = (sealed: Uint8Array, path: string) => Promise<Uint8Array>;

/**
 * Holds files against the reports among them, which name what lies in their own folder, and each report against the signature beside it,
 * where `key`, a public key of 32 bytes, says whose it has to be. Encrypted files are
 * looked at as they are, but for their report, which `open` opens. Rejects with InputError where a file cannot be read, a report is not opened, or
 * there is no Ed25519 here.
 */
export async function verifyFiles(
  files: readonly DataFile[],
  key: Uint8Array | null,
  context: JobContext,
  open: Opener = unopened,
): Promise<Verification> {
  const check = new Check(files, key, context, open);
  check.twice(files);
  const found = files.filter(({ path }) => isReport(path));
  for (const file of found) await check.report(file);
  return { reports: check.reports, faults: [...check.faults, ...(found.length > 0 ? check.unnamed() : [NO_REPORT])] };
}

const unopened: Opener = async (_, path) => {
  throw new WrongPassphrase(
    `${path} is encrypted, and no passphrase is given; give the one that it was encrypted with.`,
  );
};

const NO_REPORT: Fault = {
  kind: "report",
  file: "",
  message:
    "There is no report among these files (NAME.report.json), so nothing says what they should be; copy it from where they were made.",
};

class Check {
  readonly reports: VerifiedReport[] = [];
  readonly faults: Fault[] = [];
  readonly #files: ReadonlyMap<string, DataFile>;
  readonly #key: Uint8Array | null;
  readonly #context: JobContext;
  readonly #open: Opener;
  readonly #named = new Set<string>();
  #isAllRead = true;

  constructor(files: readonly DataFile[], key: Uint8Array | null, context: JobContext, open: Opener) {
    this.#files = new Map(files.map((file) => [file.path, file]));
    this.#key = key;
    this.#context = context;
    this.#open = open;
  }

  async report(file: DataFile): Promise<void> {
    const bytes = new Uint8Array(await file.read());
    this.#named.add(file.path).add(signatureName(file.path));
    const signed = await this.#signature(file.path, bytes);
    const report = await this.#read(file.path, bytes);
    if (!report) return;
    const folder = file.path.slice(0, file.path.lastIndexOf("/") + 1);
    let same = 0;
    for (const named of report.files) if (await this.#isSame(named, `${folder}${named.name}`, file.path)) same++;
    this.reports.push({ file: file.path, named: report.files.length, same, signed });
  }

  /** Of files of one path only one is looked at, and another may be the one that is opened. */
  twice(files: readonly DataFile[]): void {
    const counts = new Map<string, number>();
    for (const { path } of files) counts.set(path, (counts.get(path) ?? 0) + 1);
    for (const [path, count] of counts) {
      if (count === 1) continue;
      const message = `There are ${count} files ${path}, of which a report names one; copy them again from where they were made.`;
      this.faults.push(fault("changed", path, message));
    }
  }

  /** The files that no report names; none where a report cannot be read, which may name them. */
  unnamed(): Fault[] {
    if (!this.#isAllRead) return [];
    return [...this.#files.keys()]
      .filter((path) => !this.#named.has(path))
      .map((path) => fault("unnamed", path, `No report names ${path}, so nothing says what it should be; remove it.`));
  }

  async #read(path: string, bytes: Uint8Array): Promise<Report | null> {
    try {
      const opened = isSealed(bytes) ? await this.#open(bytes, path) : bytes;
      return readReport(new TextDecoder().decode(opened), path);
    } catch (error) {
      if (!(error instanceof InputError) || error instanceof WrongPassphrase) throw error;
      this.#isAllRead = false;
      this.faults.push(fault("report", path, error.message));
      return null;
    }
  }

  async #isSame({ bytes, sha256 }: Report["files"][number], path: string, report: string): Promise<boolean> {
    this.#named.add(path);
    const file = this.#files.get(path);
    const wrong = (kind: FaultKind, message: string) => {
      this.faults.push(fault(kind, path, message));
      return false;
    };
    if (!file) {
      return wrong("missing", `${path} is missing, which ${report} names; copy it from where it was made.`);
    }
    const again = "copy it again from where it was made.";
    if (file.size !== bytes) {
      const sizes = `${byteSize(file.size)} (${file.size} bytes) in place of ${byteSize(bytes)} (${bytes} bytes)`;
      return wrong("changed", `${path} is not the file that ${report} names: it has ${sizes}; ${again}`);
    }
    if (sha256 === undefined) {
      const old = "it was written by an Octet that kept none; quantize again by its recipe.";
      return wrong("undigested", `${report} names no SHA-256 of ${path}, so it cannot be checked: ${old}`);
    }
    if ((await this.#digest(file)) === sha256) return true;
    return wrong("changed", `${path} is not the file that ${report} names: its SHA-256 is another; ${again}`);
  }

  async #digest(file: DataFile): Promise<string> {
    const hash = new Sha256();
    for (let at = 0; at < file.size; at += PIECE) {
      const { signal, report } = this.#context;
      signal.throwIfAborted();
      report({ task: `Checking ${file.path}`, done: at / MEGABYTE, total: file.size / MEGABYTE, unit: "MB" });
      hash.update(await file.read(at, Math.min(at + PIECE, file.size)));
    }
    return hex(hash.digest());
  }

  /** Whose signature the report has; null where it has none that holds. */
  async #signature(report: string, bytes: Uint8Array<ArrayBuffer>): Promise<VerifiedReport["signed"]> {
    const path = signatureName(report);
    const file = this.#files.get(path);
    const wrong = (kind: FaultKind, at: string, message: string) => {
      this.faults.push(fault(kind, at, message));
      return null;
    };
    if (!file) {
      if (!this.#key) return null;
      return wrong(
        "unsigned",
        report,
        `${report} has no signature beside it (${path}), so the key given says nothing of it; ask for the signature.`,
      );
    }
    const text = new TextDecoder().decode(await file.read());
    let signature: ReturnType<typeof readSignature>;
    try {
      signature = readSignature(text, path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return wrong("signature", path, error.message);
    }
    const isWhole = text === writeSignature(signature);
    const signer = keyOf(signature);
    const isGiven = this.#key !== null && hex(signer) === hex(this.#key);
    if (this.#key && !isGiven) {
      return wrong(
        "other-key",
        path,
        `${path} is a signature by another key (${keyName(signer)}) than the one given (${keyName(this.#key)}); ask who signed, or give that key.`,
      );
    }
    if (isWhole && (await isSignatureOf(signature, bytes))) return { key: keyName(signer), isGiven };
    return wrong(
      "signature",
      path,
      `${path} is no signature of ${report} as it is now: one of them was changed or written anew since; copy both again from where they were made.`,
    );
  }
}

function fault(kind: FaultKind, file: string, message: string): Fault {
  return { kind, file, message };
}
