import type { Finding } from "../../engine/model/diagnosis.ts";

/** Findings of one cause with one remedy for the whole model, told once, by the worst of them. */
export interface Complaint {
  readonly finding: Finding;
  /** Layers that have it too. */
  readonly others: readonly string[];
}

/** Worst first, as the findings are. */
export function complaintsOf(findings: readonly Finding[]): readonly Complaint[] {
  const byKey = new Map<string, { finding: Finding; others: string[] }>();
  for (const finding of findings) {
    const known = byKey.get(keyOf(finding));
    if (known) known.others.push(finding.layer);
    else byKey.set(keyOf(finding), { finding, others: [] });
  }
  return [...byKey.values()];
}

function keyOf({ layer, cause, remedy }: Finding): string {
  const edit = remedy?.edit;
  const ofAll = edit && edit.kind !== "method" && edit.kind !== "float";
  return JSON.stringify(ofAll ? [cause, edit] : [cause, layer, edit]);
}

/** Tells one finding from another across diagnoses. */
export function sameFinding(a: Finding, b: Finding): boolean {
  return keyOf(a) === keyOf(b) && a.layer === b.layer;
}
