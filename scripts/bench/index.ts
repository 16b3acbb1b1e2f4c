/**
 * The benchmark of the project, side by side in one run on one machine: docs/performance.md says what it measures.
 *   npm run bench [-- --only calibration,observers,webgpu,export,sensitivity,page,graph] [--quick]
 * Prints tables and whether each target is met, and writes bench/results.json.
 */
import "../../src/engine/runtime/telemetry.ts";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findChromium } from "../chromium.ts";
import { benchCalibration } from "./calibration.ts";
import { writeDocument } from "./document.ts";
import { benchExport } from "./export.ts";
import { benchGraph } from "./graph.ts";
import { benchObservers, type ObserverRow } from "./observers.ts";
import { benchPage } from "./page.ts";
import type { FailedPart, Part, PartResult } from "./part.ts";
import { benchSensitivity } from "./sensitivity.ts";
import { tableLines, targetLines } from "./text.ts";
import { benchWebgpu } from "./webgpu.ts";

const RESULTS = fileURLToPath(new URL("../../bench/results.json", import.meta.url));

const PARTS: Readonly<Record<string, Part>> = {
  page: benchPage,
  graph: benchGraph,
  export: benchExport,
  observers: async () => observersPart(await benchObservers()),
  calibration: benchCalibration,
  webgpu: benchWebgpu,
  sensitivity: benchSensitivity,
};

const LIMIT_MS = 8 * 60_000;

const { values: options } = parseArgs({
  options: { only: { type: "string" }, quick: { type: "boolean", default: false } },
});
const wanted = options.only?.split(",") ?? Object.keys(PARTS);
const unknown = wanted.find((name) => !PARTS[name]);
if (unknown) {
  console.error(`There is no part ${unknown}; the parts are ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}

const machine = {
  date: new Date().toISOString(),
  commit: answerOf("git", ["describe", "--always", "--dirty"]),
  processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
  memory: `${Math.floor(totalmem() / 2 ** 30)} GiB`,
  node: process.version,
  chromium: answerOf(findChromium() ?? "chromium", ["--version"]),
  load: loadavg()[0] as number,
};
const machineLine = `${machine.processor}, ${machine.memory}; Node ${machine.node}, ${machine.chromium}; ${machine.date.slice(0, 10)}, load ${machine.load.toFixed(1)} at the start.`;
console.log(machineLine);
if (machine.load > 0.5) console.log("Other work is running: figures say little, and ratios not much more.");

const results: Record<string, PartResult | FailedPart> = {};
for (const name of wanted) {
  console.error(`\n${name} ...`);
  const start = performance.now();
  try {
    const result = await withinLimit((PARTS[name] as Part)({ quick: options.quick }));
    results[name] = result;
    console.log(`\n${result.title}\n`);
    for (const line of [...tableLines(result.rows), ...result.notes]) console.log(line);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    results[name] = { title: name, failure };
    console.log(`\n${name} failed: ${failure}`);
  }
  console.error(`${name} took ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

const verdicts = Object.values(results).flatMap((result) => ("targets" in result ? result.targets : []));
console.log("\nTargets\n");
for (const line of targetLines(verdicts)) console.log(line);

mkdirSync(fileURLToPath(new URL("../../bench", import.meta.url)), { recursive: true });
const kept = options.only ? previous() : {};
writeFileSync(RESULTS, `${JSON.stringify({ machine, parts: { ...kept, ...results } }, null, 2)}\n`);
if (!options.only && !options.quick) writeDocument(machineLine, verdicts, Object.values(results));
console.log(`\nWritten to ${RESULTS}`);
process.exit(Object.values(results).some((result) => "failure" in result) ? 1 : 0);

/** Rejects when a part takes longer than any should, so that one that hangs does not stop the rest. */
function withinLimit<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`it took over ${LIMIT_MS / 60_000} minutes`)), LIMIT_MS).unref();
  });
  return Promise.race([work, late]);
}

/** What a command prints; empty where it is not there or fails. */
function answerOf(command: string, args: readonly string[]): string {
  return (spawnSync(command, args, { encoding: "utf8" }).stdout ?? "").trim();
}

function observersPart(measured: readonly ObserverRow[]): PartResult {
  return {
    title: "Observers alone, Node, one thread",
    rows: measured.map(({ values, elements, observer, extremes, copy }) => ({
      values,
      elements,
      "observer (ns an element)": observer,
      "extremes alone": extremes,
      "a plain copy": copy,
      "of the copy": observer / copy,
    })),
    targets: [],
    notes: [],
  };
}

/** The parts of the last run, which stay as they are where only some are measured. */
function previous(): object {
  try {
    return JSON.parse(readFileSync(RESULTS, "utf8")).parts;
  } catch {
    return {};
  }
}
