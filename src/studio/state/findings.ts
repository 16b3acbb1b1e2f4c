import type { Finding } from "../../engine/model/diagnosis.ts";

/** Tells one finding from another across diagnoses. */
export function sameFinding(a: Finding, b: Finding): boolean {
  return (
    a.layer === b.layer && a.cause === b.cause && JSON.stringify(a.remedy?.edit) === JSON.stringify(b.remedy?.edit)
  );
}
