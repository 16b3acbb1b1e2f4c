import { memoryFile } from "../../src/engine/data/testing/files.ts";
import { InputError } from "../../src/engine/model/job.ts";
import { readPrivateKey, signatureName, signatures, verifyFiles } from "../../src/engine/project/index.ts";
import { context } from "./documents.ts";

const NAME = "small.report.json";

/** A pair of keys for the same inputs in every run; it signs nothing else. */
export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJAgozEA1nELFIbEbcnZM9OYwtRLJNhPXMQjKM2x5VC/
-----END PRIVATE KEY-----
`;
export const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEARQpnz5+CrAedARyfrJfVrKCCmd96WbFEMm4+7pNV5CE=
-----END PUBLIC KEY-----
`;

const encoded = (text: string) => new TextEncoder().encode(text);

/** The signature of a report, as its file. */
export async function signatureOf(report: string): Promise<Uint8Array> {
  const key = await readPrivateKey(PRIVATE_KEY, "key.pem");
  const [signed] = await signatures([{ name: NAME, chunks: [encoded(report)] }], key);
  return new Uint8Array(await new Blob([...signed!.chunks!] as BlobPart[]).arrayBuffer());
}

/** Holds a report, of whose files none is there, against its signature. Throws InputError with what is wrong with the signature. */
export async function readSigned(report: string, signature: Uint8Array): Promise<void> {
  const files = [memoryFile(NAME, encoded(report)), memoryFile(signatureName(NAME), signature)];
  const { faults } = await verifyFiles(files, null, context);
  const found = faults.find(({ kind }) => kind === "signature");
  if (found) throw new InputError(found.message);
}
