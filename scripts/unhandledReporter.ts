import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError } from "vitest/node";

/** Where the errors are to be written, as a JSON array of texts. */
export const UNHANDLED_FILE = "OCTET_UNHANDLED_FILE";

/** Keeps the errors that end a run of vitest though no test fails, which its JSON reporter leaves out. */
export default class UnhandledReporter implements Reporter {
  onTestRunEnd(_modules: unknown, errors: readonly SerializedError[]): void {
    const file = process.env[UNHANDLED_FILE];
    if (file) writeFileSync(file, JSON.stringify(errors.map(({ message, stack }) => stack ?? message)));
  }
}
