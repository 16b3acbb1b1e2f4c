import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FailedPart, PartResult } from "./part.ts";
import { tableLines, targetLines } from "./text.ts";
import type { Verdict } from "./verdict.ts";

const DOCUMENT = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
const BLOCK = /(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/;

/** Puts the results of a complete run into docs/performance.md, between its two marks. */
export function writeDocument(
  machine: string,
  verdicts: readonly Verdict[],
  parts: readonly (PartResult | FailedPart)[],
): void {
  const sections = parts.flatMap((part) => {
    if ("failure" in part) return [`### ${part.title}`, "", "Failed.", ""];
    return [`### ${part.title}`, "", ...tableLines(part.rows), ...part.notes.flatMap((note) => [note, ""])];
  });
  const lines = [machine, "", ...targetLines(verdicts), ...sections];
  const text = readFileSync(DOCUMENT, "utf8");
  writeFileSync(
    DOCUMENT,
    text.replace(BLOCK, (_, start: string, end: string) => `${start}${lines.join("\n")}${end}`),
  );
}
