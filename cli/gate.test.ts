import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeReport } from "../src/engine/artifacts/report.ts";
import { REPORT } from "../src/engine/artifacts/testing/report.ts";
import { put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let report: string;
beforeAll(() => {
  folder = scratch();
  report = put(folder, "little.report.json", writeReport({ ...REPORT, evaluation: null }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const gate = (rules: object, ...options: string[]) =>
  octet("gate", report, "--rules", put(folder, "rules.json", JSON.stringify(rules)), ...options);

it("exits with 0 where all rules are kept, 1 where one is broken, 2 where one has nothing to go by", async () => {
  const kept = await gate({ maxBytes: 28_000 });
  expect(kept).toMatchObject({ code: 0, stderr: "" });
  expect(kept.stdout).toBe("passed  The quantized model takes 28.0 kB, 28.0 kB allowed.\nlittle passed.\n");
  expect((await gate({ maxBytes: 1, maxTop1Drop: 1 })).code).toBe(1);
  const missed = await gate({ maxBytes: 28_000, maxTop1Drop: 1 });
  expect(missed.code).toBe(2);
  expect(missed.stdout).toContain("NOT JUDGED  Top-1 was not judged: the report holds no evaluation; give one with");
});

it("takes what evaluate printed, and writes what CI reads, whatever comes of it", async () => {
  const printed = { ...REPORT.evaluation, preprocessing: null, notices: [] };
  const evaluation = put(folder, "evaluation.json", JSON.stringify(printed));
  const [junit, markdown] = [join(folder, "ci", "gate.xml"), join(folder, "gate.md")];
  const given = ["--evaluation", evaluation, "--junit", junit, "--markdown", markdown, "--json"];
  const { code, json } = await gate({ maxTop1Drop: 1 }, ...given);
  expect(code).toBe(1);
  expect(json()).toMatchObject({ model: "little", passed: false, checks: [{ rule: "maxTop1Drop", state: "failed" }] });
  expect(readFileSync(junit, "utf8")).toContain("<failure ");
  expect(readFileSync(markdown, "utf8")).toContain("**failed**");
});

it("refuses rules and evaluations that are none", async () => {
  expect(errorOf(await gate({ maxDrop: 1 }))).toMatch(/rules\.json.*maxDrop/);
  const broken = put(folder, "broken.json", "{");
  expect(errorOf(await gate({ maxBytes: 1 }, "--evaluation", broken))).toContain("broken.json is not JSON");
  expect(existsSync(join(folder, "broken.xml"))).toBe(false);
});

it("writes over nothing that it reads, and not twice to one file", async () => {
  const before = readFileSync(report, "utf8");
  const rules = join(folder, "rules.json");
  for (const options of [
    ["--junit", report],
    ["--markdown", rules],
    ["--junit", join(folder, "both"), "--markdown", join(folder, "ci", "..", "both")],
  ]) {
    const outcome = await gate({ maxBytes: 28_000 }, ...options);
    expect([outcome.code, errorOf(outcome)]).toEqual([2, expect.stringContaining("would be lost")]);
  }
  expect(readFileSync(report, "utf8")).toBe(before);
  expect(JSON.parse(readFileSync(rules, "utf8"))).toEqual({ maxBytes: 28_000 });
  expect(existsSync(join(folder, "both"))).toBe(false);
});
