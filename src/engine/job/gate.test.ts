import { describe, expect, it } from "vitest";
import { gateJUnit, gateMarkdown } from "../artifacts/gateFiles.ts";
import { REPORT } from "../artifacts/testing/report.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Rules } from "../model/gate.ts";
import type { Report } from "../model/report.ts";
import { readRules } from "./documents.ts";
import { gate } from "./gate.ts";

const EVALUATION = REPORT.evaluation as Evaluation;
const only = (rules: Rules, report: Report = REPORT, beside: Evaluation | null = null) => {
  const { checks, passed } = gate(report, beside, rules);
  expect(passed).toBe(checks.every(({ state }) => state === "passed"));
  return checks.map(({ state, value }) => ({ state, value }));
};
const evaluated = (changes: Partial<Evaluation>): Report => ({ ...REPORT, evaluation: { ...EVALUATION, ...changes } });

describe("gate", () => {
  // The report: top-1 0.90 to 0.88, 30 dB, 100,000 to 28,000 bytes, 2 to 4 ms, 4 of 5 layers in integers.
  it.each([
    [{ maxTop1Drop: 2 }, { maxTop1Drop: 1.99 }, 2],
    [{ minSqnr: 30 }, { minSqnr: 30.1 }, 30],
    [{ minSqnr: { scores: 30 } }, { minSqnr: { "*": 31 } }, 30],
    [{ maxBytes: 28_000 }, { maxBytes: 27_999 }, 28_000],
    [{ maxSizeRatio: 0.28 }, { maxSizeRatio: 0.279 }, 0.28],
    [{ maxLatencyRatio: 2 }, { maxLatencyRatio: 1.9 }, 2],
    [{ minIntegerShare: 0.8 }, { minIntegerShare: 0.81 }, 0.8],
  ] as const)("%o is kept and %o is broken", (kept, broken, value) => {
    const [a, b] = [only(kept), only(broken)];
    expect([a.map(({ state }) => state), b.map(({ state }) => state)]).toEqual([["passed"], ["failed"]]);
    for (const [check] of [a, b]) expect(check!.value).toBeCloseTo(value, 9);
  });

  it("counts weights that stand in a file beside the model, and no float model that is written too", () => {
    const files = [
      { name: "little.int8.onnx", bytes: 1000 },
      { name: "little.int8.onnx.data", bytes: 27_000 },
      { name: "little.equalized.onnx", bytes: 90_000 },
    ];
    expect(only({ maxBytes: 28_000 }, { ...REPORT, files })).toEqual([{ state: "passed", value: 28_000 }]);
  });

  it("leaves layers out of the integers that are stored so and computed in float", () => {
    const model = { ...REPORT.model, floatKernels: ["gemm"] };
    expect(only({ minIntegerShare: 0.7 }, { ...REPORT, model })).toEqual([{ state: "failed", value: 0.6 }]);
  });

  it("takes perplexity where there is one", () => {
    const perplexity = { output: "logits", tokens: 99, float: 3, quantized: 3.03, rise: 0.01, interval: null };
    expect(only({ maxPerplexityRise: 1 }, evaluated({ perplexity }))).toEqual([{ state: "passed", value: 1 }]);
    expect(only({ maxPerplexityRise: 0.9 }, evaluated({ perplexity }))).toEqual([{ state: "failed", value: 1 }]);
  });

  it("passes nothing that there is no figure for", () => {
    const rules = { maxTop1Drop: 99, maxTop5Drop: 99, maxPerplexityRise: 99, minSqnr: 0, maxLatencyRatio: 99 };
    const missed = { state: "missed", value: null };
    expect(only(rules, { ...REPORT, evaluation: null })).toEqual([missed, missed, missed, missed, missed]);
    const empty = evaluated({ top1: null, outputs: [{ ...EVALUATION.outputs[0]!, sqnr: null }] });
    expect(only(rules, empty).slice(0, 4)).toEqual([missed, missed, missed, missed]);
    const past = { ...REPORT, files: [], model: { ...REPORT.model, floatKernels: null } };
    expect(only({ maxBytes: 1e9, maxSizeRatio: 9, minIntegerShare: 0 }, past)).toEqual([missed, missed, missed]);
  });

  it("says of top-5 that few classes have none", () => {
    const few = evaluated({ labelled: 9, top5: null });
    expect(gate(few, null, { maxTop5Drop: 1 }).checks[0]!.sentence).toContain("five classes or fewer");
  });

  it("takes an evaluation beside the report, of the same files alone", () => {
    const unjudged = { ...REPORT, evaluation: null };
    expect(only({ maxTop1Drop: 2 }, unjudged, EVALUATION)).toMatchObject([{ state: "passed" }]);
    const other = { ...EVALUATION, bytes: { float: 100_000, quantized: 28_001 } };
    expect(() => gate(unjudged, other, { maxTop1Drop: 2 })).toThrow(/of other files .*evaluate the model/);
  });

  it("takes no evaluation of a file of as many bytes that was made otherwise", () => {
    const models = REPORT.files.filter(({ name }) => !name.endsWith(".recipe.json"));
    const files = [...models, { name: "little.recipe.json", bytes: 9, sha256: "ab" }];
    const report = { ...REPORT, files, evaluation: null };
    const judged = (source: string, recipe: string) =>
      gate(report, { ...EVALUATION, origin: { source, recipe } }, { maxTop1Drop: 2 });
    expect(judged(REPORT.model.sha256, "ab").passed).toBe(true);
    expect(() => judged(REPORT.model.sha256, "cd")).toThrow(/by another recipe/);
    expect(() => judged("cd", "ab")).toThrow(/of another model/);
    expect(gate(report, { ...EVALUATION, origin: null }, { maxTop1Drop: 2 }).passed).toBe(true);
  });

  it("says how a figure that is near its limit differs from it", () => {
    const said = (rules: Rules) => gate(REPORT, null, rules).checks[0]!.sentence;
    expect(said({ maxBytes: 27_999 })).toBe("The quantized model takes 28000 bytes, 27999 bytes allowed.");
    expect(said({ minSqnr: 30.0001 })).toContain("30 dB, 30.0001 dB wanted");
    expect(said({ maxBytes: 28_000 })).toContain("28.0 kB, 28.0 kB allowed");
  });

  it("refuses rules that would do nothing", () => {
    expect(() => gate(REPORT, null, { minSqnr: { boxes: 20 } })).toThrow(/"boxes".*scores/);
    expect(() => readRules('{"maxTop1": 1}', "rules.json")).toThrow(/maxTop1/);
    expect(() => readRules("{}", "rules.json")).toThrow(/one rule or more/);
    expect(() => readRules('{"minSqnr": {}}', "rules.json")).toThrow(/minSqnr/);
    expect(() => readRules('{"minIntegerShare": 80}', "rules.json")).toThrow(/0 to 1/);
    expect(() => readRules('{"maxBytes": -1}', "rules.json")).toThrow(/at least 0/);
    expect(readRules('{"minSqnr": {"*": 20}}', "rules.json")).toEqual({ minSqnr: { "*": 20 } });
  });
});

describe("what CI is given", () => {
  const model = 'a<b>&"c"|\u0007';
  const rules = { maxTop1Drop: 1, maxTop5Drop: 1, maxBytes: 28_000 };
  const result = gate({ ...REPORT, model: { ...REPORT.model, name: model } }, null, rules);

  it("is JUnit XML with a case a rule, a failure and an error where they belong", () => {
    const text = gateJUnit(result);
    expect(text).toContain('<testsuites name="octet gate" tests="3" failures="1" errors="1">');
    expect(text).toContain('<testsuite name="a&lt;b&gt;&amp;&quot;c&quot;|\ufffd"');
    expect(text.match(/<testcase /g)).toHaveLength(3);
    expect(text).toMatch(/name="maxTop1Drop">\s*<failure message="Top-1 dropped by 2.00 pt, 1.00 pt allowed/);
    expect(text).toMatch(/name="maxTop5Drop">\s*<error message=/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no place for them
    expect(text).not.toMatch(/[\u0000-\u0008]/);
  });

  it("is a Markdown table that names cannot break", () => {
    const rows = gateMarkdown(result).split("\n");
    expect(rows[0]).toBe('### Octet gate: a\\<b\\>\\&"c"\\|  did not pass');
    expect(rows.slice(4, 7).map((row) => row.split(" | ")[1])).toEqual(["**failed**", "**not judged**", "passed"]);
    for (const row of rows.slice(2, 7)) expect(row.match(/(?<!\\)\|/g)).toHaveLength(4);
  });
});
