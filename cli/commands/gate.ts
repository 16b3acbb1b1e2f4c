import { basename } from "node:path";
import type { Gate } from "../../src/engine/model/gate.ts";
import {
  gate,
  gateJUnit,
  gateMarkdown,
  readEvaluation,
  readReport,
  readRules,
} from "../../src/engine/project/index.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { readText } from "../files.ts";
import { columns } from "../format.ts";
import { readDocumentText } from "../passphrase.ts";
import { documentOf } from "../recipeOptions.ts";
import { assertApart, writeAlone } from "../results.ts";
import type { Terminal } from "../terminal.ts";

const EXIT_FAILED = 1;
const EXIT_MISSED = 2;

/** Holds a report against rules; exits with 1 where one is broken, else with 2 where one could not be judged. */
export async function gateCommand({ names: [path], values }: ArgumentsOf<"gate">, terminal: Terminal): Promise<number> {
  await assertApart([values.junit, values.markdown], [path, values.rules, values.evaluation]);
  const report = readReport(await readDocumentText(path), basename(path));
  const rules = readRules(await readText(values.rules), basename(values.rules));
  const evaluation = await documentOf(values.evaluation, readEvaluation);
  const result = gate(report, evaluation, rules);
  if (values.junit !== null) await writeAlone(values.junit, gateJUnit(result));
  if (values.markdown !== null) await writeAlone(values.markdown, gateMarkdown(result));
  terminal.result(values.json, result, describe(result));
  const has = (state: string) => result.checks.some((check) => check.state === state);
  if (has("failed")) return EXIT_FAILED;
  return has("missed") ? EXIT_MISSED : 0;
}

const WORDS = { passed: "passed", failed: "FAILED", missed: "NOT JUDGED" } as const;

function describe({ model, passed, checks }: Gate): string[] {
  const end = passed ? "passed" : "did not pass";
  return [...columns(checks.map(({ state, sentence }) => [WORDS[state], sentence])), `${model} ${end}.`];
}
