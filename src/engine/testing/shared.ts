import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The reference models, data and golden files beside the repository, which not everybody has. */
export const SHARED = fileURLToPath(new URL("../../../../shared/", import.meta.url));

export const hasShared = existsSync(SHARED);

/** What marks a test that needs the shared folder, in vitest and in Playwright: `npm test` counts those that were skipped. */
export const SHARED_TAG = "shared";

/** Options of a vitest test, or of a group of them, that is skipped where the shared folder is missing. */
export const needsShared = { skip: !hasShared, tags: [SHARED_TAG] };

export function readShared(path: string): Uint8Array {
  return new Uint8Array(readFileSync(SHARED + path));
}
