import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../../../shared/models/", import.meta.url));

/** The reference models beside the repository; none where they are missing. */
export const modelNames: readonly string[] = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.endsWith(".onnx"))
  : [];

export function readModel(name: string): Uint8Array {
  return new Uint8Array(readFileSync(folder + name));
}
