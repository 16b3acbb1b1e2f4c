import { accessSync, constants, lstatSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../node_modules/.octet", import.meta.url));

/**
 * A folder for compiled code that nobody but this user can write to; null where there is none, since the checkout is
 * another's or read-only.
 */
export function privateCache() {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    const made = lstatSync(folder);
    const own = !process.geteuid || (made.uid === process.geteuid() && (made.mode & 0o022) === 0);
    return made.isDirectory() && own ? folder : null;
  } catch {
    return null;
  }
}
