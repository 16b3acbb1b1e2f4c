import { basename } from "node:path";
import { compareReports, readReport } from "../../src/engine/job/compare.ts";
import { readArguments } from "../arguments.ts";
import { describeComparison } from "../comparisonText.ts";
import { readText } from "../files.ts";
import type { Terminal } from "../terminal.ts";

/** Says what differs between two reports. */
export async function diffCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const args = readArguments(argv, { json: { type: "boolean" } }, ["REPORT_A", "REPORT_B"]);
  const [pathA = "", pathB = ""] = args.positionals;
  const a = readReport(await readText(pathA), basename(pathA));
  const b = readReport(await readText(pathB), basename(pathB));
  const comparison = compareReports(a, b);
  terminal.notices(comparison.notices);
  terminal.result(args.flag("json"), comparison, describeComparison(comparison, [pathA, pathB]));
  return 0;
}
