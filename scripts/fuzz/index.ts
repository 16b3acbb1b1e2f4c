/**
 * Reads changed inputs of every format in a process that is watched (docs/fuzz.md): 20,000 of them, `--inputs N`, or as many as go into `--minutes N`.
 * The first of each kind of defect lands, as small as it was made, in scripts/fuzz/cases, which a test reads. `--table` writes docs/fuzz.md anew.
 *   npm run fuzz [-- --minutes N --inputs N --seed S --table]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { keepCase } from "./cases.ts";
import { fuzz } from "./run.ts";
import { documentOf, tableOf } from "./table.ts";
import { inputsIn } from "./tally.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    inputs: { type: "string" },
    seed: { type: "string", default: "1" },
    table: { type: "boolean", default: false },
  },
});
const FEW = 20_000;
const minutes = values.minutes === undefined ? null : Number(values.minutes);
const inputs = values.inputs === undefined ? (minutes === null ? FEW : Number.MAX_SAFE_INTEGER) : Number(values.inputs);
const seed = Number(values.seed);
if (!(inputs > 0) || !Number.isSafeInteger(seed) || (minutes !== null && !(minutes > 0))) {
  console.error("--minutes, --inputs and --seed take numbers.");
  process.exit(2);
}

const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
let shown = 0;
const found = await fuzz({
  seed,
  inputs,
  isOver: () => minutes !== null && elapsed() > minutes * 60,
  onProgress(done, defects) {
    if (elapsed() - shown < 10) return;
    shown = elapsed();
    console.log(`${done} inputs in ${shown.toFixed(0)} s, ${defects} kinds of defects`);
  },
  onDefect(defect) {
    console.log(`${defect.format}, input ${defect.index}: ${defect.kind}\n  ${defect.message.slice(0, 1000)}`);
    console.log(`  ${keepCase(defect)}`);
  },
});
console.log(`\n${tableOf(found).join("\n")}`);
console.log(`\n${inputsIn(found.tallies)} inputs of seed ${seed} in ${elapsed().toFixed(0)} s.`);
if (values.table) writeFileSync("docs/fuzz.md", documentOf(found, elapsed()));
process.exitCode = found.defects.length > 0 ? 1 : 0;
