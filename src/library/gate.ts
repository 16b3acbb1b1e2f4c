import type { Evaluation } from "../engine/model/evaluation.ts";
import { type Gate, RULES, type Rules } from "../engine/model/gate.ts";
import { InputError } from "../engine/model/job.ts";
import { read } from "../engine/model/read.ts";
import { gate, readReport } from "../engine/project/index.ts";

/**
 * Holds a report, the text of one that `export` wrote, against rules (docs/gate.md); `evaluation` counts in place of the report's own. Throws InputError
 * for rules that there are not, and where the evaluation is of other files than the report.
 */
export function gateReport(report: string, rules: Rules, evaluation: Evaluation | null = null): Gate {
  if (typeof report !== "string")
    throw new InputError("report is the text of a file that export wrote; read it as text.");
  return gate(readReport(report, "report"), evaluation, read(RULES, rules, "rules"));
}
