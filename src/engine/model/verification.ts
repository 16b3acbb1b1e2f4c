import { firstOf, plural } from "../values/figures.ts";

/** What is wrong with the files of a result, or with who vouches for them. */
export type FaultKind =
  /** There is no report, or one that cannot be read. */
  | "report"
  /** A file that a report names is not there, is another, or has no digest there. */
  | "missing"
  | "changed"
  | "undigested"
  /** A file that no report names. */
  | "unnamed"
  /** A key is given, and a report has no signature, or one by another key. */
  | "unsigned"
  | "other-key"
  /** A signature is not of the report beside it. */
  | "signature";

export interface Fault {
  readonly kind: FaultKind;
  /** Its path. */
  readonly file: string;
  /** One sentence. */
  readonly message: string;
}

/** A report that was found, and what was checked by it. */
export interface VerifiedReport {
  readonly file: string;
  /** How many files it names, and how many of them are there as it has them. */
  readonly named: number;
  readonly same: number;
  /** The name of the key that signed these very bytes, and whether that is the key given; null where it has no signature that holds. */
  readonly signed: { readonly key: string; readonly isGiven: boolean } | null;
}

export interface Verification {
  readonly reports: readonly VerifiedReport[];
  readonly faults: readonly Fault[];
}

/** What came of it, in one sentence. */
export function verificationSentence({ reports, faults }: Verification): string {
  const [first, ...others] = faults;
  if (first && others.length === 0) return first.message;
  if (first) {
    const files = firstOf([...new Set(faults.map(({ file }) => file))]);
    return `${plural(faults.length, "fault")} in ${files}: ${first.message}`;
  }
  return reports.map(reportSentence).join(" ");
}

function reportSentence({ file, named, same, signed }: VerifiedReport): string {
  const by =
    signed === null
      ? "is not signed"
      : signed.isGiven
        ? `is signed by the key given, ${signed.key}`
        : `is signed by the key ${signed.key}, of which its public key, dropped too, would say whether it is the one you trust`;
  return `${file} has ${same} of ${plural(named, "file")} as it names them, and ${by}.`;
}
