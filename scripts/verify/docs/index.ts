import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Row } from "../../bench/part.ts";
import { type Command, npmCommandsOf } from "../../site/commands.ts";
import { copyOf } from "./copy.ts";
import { TRIALS } from "./trials.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A command of npm, and the documents that have it. */
export interface Named {
  readonly command: Command;
  readonly documents: readonly string[];
}

/** Neither what changed in which version nor what was run is an instruction. */
const RECORDS = ["CHANGELOG.md", "docs/docs-verified.md"];

/** The commands of npm in documents that instruct, by their words. */
export function npmCommands(documents: readonly (readonly [string, string])[]): ReadonlyMap<string, Named> {
  const named = new Map<string, Named>();
  for (const [document, text] of documents) {
    if (RECORDS.includes(document)) continue;
    for (const command of npmCommandsOf(text)) {
      const words = command.words.join(" ");
      const before = named.get(words);
      const documents = [...new Set([...(before?.documents ?? []), document])];
      named.set(words, { command: before?.command ?? command, documents });
    }
  }
  return named;
}

/** The documents of a checkout that readers have, and their texts. */
export function documentsOf(root: string): readonly (readonly [string, string])[] {
  const below = readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`);
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...below]
    .filter((name) => name.endsWith(".md"))
    .map((name) => [name, readFileSync(root + name, "utf8")] as const);
}

/** Runs the commands of npm that the documents name in a fresh copy of the checkout, one after the other. Throws what failed, all of it. */
export async function tryCommands(): Promise<Row[]> {
  const named = npmCommands(documentsOf(ROOT));
  const copy = copyOf(ROOT, "none");
  const rows: Row[] = [];
  const failures: string[] = [];
  try {
    for (const [text, trial] of Object.entries(TRIALS)) {
      const found = named.get(text)!;
      const row = { command: `\`${text}\``, in: shortly(found.documents) };
      if ("why" in trial) {
        rows.push({ ...row, run: "no", "time (s)": "-", seen: trial.why });
        continue;
      }
      console.error(`${trial.as ?? text} ...`);
      const start = performance.now();
      try {
        const seen = await trial.see((trial.as ?? text).split(" "), found.command.settings, copy);
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        rows.push({ ...row, run: trial.as ? `as \`${trial.as}\`` : "yes", "time (s)": seconds, seen });
        console.error(`  ${seen} (${seconds} s)`);
      } catch (error) {
        failures.push(`${text}: ${(error as Error).message}`);
        console.error(`  failed: ${(error as Error).message}`);
      }
    }
  } finally {
    copy.remove();
  }
  if (failures.length > 0) throw new Error(`Commands of the documents failed.\n${failures.join("\n\n")}`);
  return rows;
}

function shortly(documents: readonly string[]): string {
  const [first = "", ...more] = documents;
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
