import type { Gate, GateCheck } from "../model/gate.ts";

/** What XML 1.0 has no place for, even escaped. */
const UNWRITABLE = /[^\t\n\r\P{Cc}]|\p{Cs}|[\ufffe\uffff]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\r": "&#13;",
  "\t": "&#9;",
};

/**
 * A gate as JUnit XML, one test case a rule: what CI systems show of tests. A rule that was broken is a failure, one that there was nothing to hold
 * against an error. (The form of Apache Ant's JUnit report, as Jenkins and GitLab read it.)
 */
export function gateJUnit({ model, checks }: Gate): string {
  const of = (state: GateCheck["state"]) => checks.filter((check) => check.state === state).length;
  const counts = `tests="${checks.length}" failures="${of("failed")}" errors="${of("missed")}"`;
  const cases = checks.map((check) => {
    const begin = `    <testcase classname="octet.gate" name="${xml(nameOf(check))}"`;
    if (check.state === "passed")
      return `${begin}>\n      <system-out>${xml(check.sentence)}</system-out>\n    </testcase>`;
    const tag = check.state === "failed" ? "failure" : "error";
    return `${begin}>\n      <${tag} message="${xml(check.sentence)}"/>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="octet gate" ${counts}>`,
    `  <testsuite name="${xml(model)}" ${counts} skipped="0">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

const MARKS: Readonly<Record<GateCheck["state"], string>> = {
  passed: "passed",
  failed: "**failed**",
  missed: "**not judged**",
};

/** A gate as a Markdown table, for a job's summary or a comment. */
export function gateMarkdown({ model, passed, checks }: Gate): string {
  return [
    `### Octet gate: ${markdown(model)} ${passed ? "passed" : "did not pass"}`,
    "",
    "| rule | result | why |",
    "| --- | --- | --- |",
    ...checks.map((check) => `| ${markdown(nameOf(check))} | ${MARKS[check.state]} | ${markdown(check.sentence)} |`),
    "",
  ].join("\n");
}

/** The rule, and the output that it is about. */
export function nameOf({ rule, output }: Pick<GateCheck, "rule" | "output">): string {
  return output === null ? rule : `${rule} ${output}`;
}

function xml(text: string): string {
  return text.replace(UNWRITABLE, "\ufffd").replace(/[&<>"\n\r\t]/g, (character) => ENTITIES[character]!);
}

/** Names of a model may hold anything. */
function markdown(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\\`*_{}[\]<>#|~&!]/g, "\\$&");
}
