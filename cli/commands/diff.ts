import { basename } from "node:path";
import { compareReports, readReport } from "../../src/engine/project/index.ts";
import { describeComparison } from "../comparisonText.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { readDocumentText } from "../passphrase.ts";
import type { Terminal } from "../terminal.ts";

/** Says what differs between two reports. */
export async function diffCommand(
  { names: [pathA, pathB], values }: ArgumentsOf<"diff">,
  terminal: Terminal,
): Promise<number> {
  const a = readReport(await readDocumentText(pathA), basename(pathA));
  const b = readReport(await readDocumentText(pathB), basename(pathB));
  const comparison = compareReports(a, b);
  terminal.notices(comparison.notices);
  terminal.result(values.json, comparison, describeComparison(comparison, [pathA, pathB]));
  return 0;
}
