import "../../src/engine/runtime/telemetry.ts";
import { openSync, writeSync } from "node:fs";
import { nodeOrWasm } from "../../src/engine/runtime/nodeOrWasm.ts";
import { inputOf } from "./input.ts";
import { type Report, type Task, TOGETHER } from "./messages.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { shrunk } from "./shrink.ts";
import type { Subject } from "./subject.ts";
import { subjectsOn } from "./subjects.ts";
import { count, type Tallies } from "./tally.ts";

/** Beyond what the process has taken already, bytes; and the time of one input, milliseconds of this process's. */
const MEMORY = 2 ** 30;
const TIME = 5000;
/** Inputs between two reports. */
const REPORTED = 250;
/** Tries, and milliseconds. */
const SHRINKING = 600;
const SHRINKING_TIME = 3000;

const progress = openSync(process.argv[2]!, "r+");
const { runtime } = await nodeOrWasm();
const subjects = await subjectsOn(runtime);
const at = new Float64Array(1);

const tell = (report: Report) =>
  new Promise<void>((resolve) => {
    process.send!(report, () => resolve());
  });

/** Says which input is at hand, so that it is known when this process ends. */
function begin(index: number): void {
  at[0] = index;
  writeSync(progress, at, 0, at.byteLength, 0);
}

const peak = () => process.resourceUsage().maxRSS * 1024;
const busy = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function outcomeWith({ read }: Subject, bytes: Uint8Array): Promise<Outcome> {
  try {
    await read(bytes.slice());
    return { is: "accepted" };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** The same, where time and memory are defects too. */
async function watchedOutcome(subject: Subject, bytes: Uint8Array): Promise<Outcome> {
  const [memory, time] = [peak(), busy()];
  const outcome = await outcomeWith(subject, bytes);
  const [taken, passed] = [peak() - memory, busy() - time];
  if (taken > MEMORY) return heavy("memory", `It took ${(taken / 2 ** 30).toFixed(1)} GiB of memory.`);
  if (passed > TIME) return heavy("time", `It took ${(passed / 1000).toFixed(1)} s.`);
  return outcome;
}

const heavy = (kind: string, message: string): Outcome => ({ is: "defect", kind, message });

async function readRange({ seed, from, to, isExact, without, known }: Extract<Task, { kind: "range" }>) {
  const kinds = new Set(known);
  let tallies: Tallies = new Map();
  let before = { index: from, memory: peak(), clock: performance.now() };
  for (let index = from; index < to; index++) {
    if (isExact || (index - from) % TOGETHER === 0) {
      if (!isExact && (peak() - before.memory > MEMORY || performance.now() - before.clock > TIME)) {
        return tell({ kind: "heavy", index: before.index });
      }
      begin(index);
      before = { index, memory: peak(), clock: performance.now() };
    }
    if ((index - from) % REPORTED === 0 && index > from) {
      await tell({ kind: "counted", upTo: index, tallies });
      tallies = new Map();
    }
    if (without.has(index)) continue;
    const { subject, bytes } = inputOf(subjects, seed, index);
    const outcome = await (isExact ? watchedOutcome : outcomeWith)(subject, bytes);
    if (outcome.is !== "defect") {
      count(tallies, subject.format, outcome.is);
      continue;
    }
    if (outcome.kind === "memory" || outcome.kind === "time") {
      await tell({ kind: "counted", upTo: index, tallies });
      await tell({ kind: "heavy", index });
      return;
    }
    count(tallies, subject.format, "defects");
    const { kind, message } = outcome;
    const key = `${subject.format}: ${kind}`;
    if (kinds.has(key)) continue;
    kinds.add(key);
    const has = async (smaller: Uint8Array) => {
      const found = await outcomeWith(subject, smaller);
      return found.is === "defect" && found.kind === kind;
    };
    const smallest = await shrunk(bytes, has, SHRINKING, SHRINKING_TIME);
    const { format, extension } = subject;
    await tell({ kind: "found", defect: { format, extension, kind, message, index, bytes: smallest } });
    before = { index, memory: peak(), clock: performance.now() };
  }
  await tell({ kind: "counted", upTo: to, tallies });
  await tell({ kind: "finished" });
}

async function readOne({ format, bytes }: Extract<Task, { kind: "one" }>): Promise<void> {
  const subject = subjects.find((each) => each.format === format);
  if (!subject) throw new Error(`There is no format ${format}.`);
  const outcome = await watchedOutcome(subject, bytes);
  await tell({ kind: "answer", problem: outcome.is === "defect" ? outcome : null });
}

process.on("message", async (task: Task) => {
  if (task.kind === "range") return readRange(task);
  begin(-1);
  if (task.kind === "one") return readOne(task);
  const { subject, bytes } = inputOf(subjects, task.seed, task.index);
  await tell({ kind: "made", format: subject.format, extension: subject.extension, bytes });
});
process.on("disconnect", () => process.exit(0));
await tell({ kind: "ready" });
