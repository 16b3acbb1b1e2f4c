import { writeSignature } from "../artifacts/signature.ts";
import { concat } from "../onnx/encode.ts";
import { type Artifact, partsOf } from "./artifact.ts";
import { openedName } from "./sealedName.ts";
import { type SigningKey, sign } from "./signing.ts";

/** Whether a file of this name is a report for programs, encrypted or not. */
export function isReport(name: string): boolean {
  return openedName(name).endsWith(".report.json");
}

/** What the signature of a report is called, beside it. */
export function signatureName(report: string): string {
  return `${report}.sig`;
}

/** The signature of each report among the files of a result, as a file of it. */
export async function signatures(files: readonly Artifact[], key: SigningKey): Promise<readonly Artifact[]> {
  const reports = files.filter(({ name }) => isReport(name));
  return Promise.all(
    reports.map(async (report) => {
      const signature = await sign(key, new Uint8Array(concat(partsOf(report))));
      return { name: signatureName(report.name), chunks: [new TextEncoder().encode(writeSignature(signature))] };
    }),
  );
}
