import { type Defect, type Report, type Task, TOGETHER } from "./messages.ts";
import { shrunk } from "./shrink.ts";
import { addTallies, count, inputsIn, type Tallies } from "./tally.ts";
import { Reader, ReaderDied } from "./watchdog.ts";

export interface Fuzzed {
  readonly seed: number;
  readonly tallies: Tallies;
  /** The first of each kind, as small as it was made. */
  readonly defects: readonly Defect[];
}

export interface Request {
  readonly seed: number;
  readonly inputs: number;
  /** Ends sooner where this says so. */
  readonly isOver?: () => boolean;
  readonly onProgress?: (done: number, defects: number) => void;
  readonly onDefect?: (defect: Defect) => void;
}

/** Inputs that one process reads, so that what a process gathers stays bounded. */
const SHARE = 20_000;
/** Each of these takes a process of its own. */
const COSTLY_TRIES = 16;

type Problem = { readonly kind: string; readonly message: string };

/** Reads inputs 0 to `inputs` of a seed in a process that is watched: one that ends goes on behind the input that ended it. */
export async function fuzz({ seed, inputs, isOver = () => false, onProgress, onDefect }: Request): Promise<Fuzzed> {
  const tallies: Tallies = new Map();
  const defects: Defect[] = [];
  const known = new Set<string>();
  const keep = (defect: Defect) => {
    defects.push(defect);
    known.add(keyOf(defect));
    onDefect?.(defect);
  };
  const without = new Set<number>();
  let next = 0;
  let end = Math.min(inputs, SHARE);
  let isExact = false;
  while (next < inputs && !isOver()) {
    let suspect: number | null = null;
    const reader = await Reader.start();
    try {
      const task: Task = { kind: "range", seed, from: next, to: end, isExact, without, known };
      await reader.ask(task, (report) => {
        if (report.kind === "counted") {
          addTallies(tallies, report.tallies);
          next = report.upTo;
          onProgress?.(inputsIn(tallies), defects.length);
        } else if (report.kind === "found") keep(report.defect);
        else if (report.kind === "heavy") suspect = report.index;
        return report.kind === "heavy" || report.kind === "finished" || isOver();
      });
    } catch (error) {
      if (!(error instanceof ReaderDied)) throw error;
      suspect = error.index;
    } finally {
      reader.end();
    }
    if (suspect !== null && !isExact) {
      end = Math.min(inputs, suspect + TOGETHER);
      isExact = true;
      continue;
    }
    end = Math.min(inputs, next + SHARE);
    isExact = false;
    if (suspect !== null) {
      const made = await make(seed, suspect);
      const problem = await problemOf(made.format, made.bytes);
      without.add(suspect);
      count(tallies, made.format, problem ? "defects" : "refused");
      if (problem && !known.has(keyOf({ ...made, ...problem }))) {
        const has = async (bytes: Uint8Array) => (await problemOf(made.format, bytes))?.kind === problem.kind;
        keep({ ...made, ...problem, index: suspect, bytes: await shrunk(made.bytes, has, COSTLY_TRIES) });
      }
    }
  }
  return { seed, tallies, defects };
}

const keyOf = ({ format, kind }: Pick<Defect, "format" | "kind">) => `${format}: ${kind}`;

async function make(seed: number, index: number) {
  let made: Extract<Report, { kind: "made" }> | null = null;
  const reader = await Reader.start();
  try {
    await reader.ask({ kind: "make", seed, index }, (report) => {
      if (report.kind === "made") made = report;
      return made !== null;
    });
  } finally {
    reader.end();
  }
  const { format, extension, bytes } = made!;
  return { format, extension, bytes };
}

/** What is wrong with one input, read by a process of its own; null where nothing is. */
export async function problemOf(format: string, bytes: Uint8Array): Promise<Problem | null> {
  const reader = await Reader.start();
  try {
    return await problemWith(reader, format, bytes);
  } finally {
    reader.end();
  }
}

/** The same by a process that is there. */
export async function problemWith(reader: Reader, format: string, bytes: Uint8Array): Promise<Problem | null> {
  let problem: Problem | null = null;
  try {
    await reader.ask({ kind: "one", format, bytes }, (report) => {
      if (report.kind === "answer") problem = report.problem;
      return report.kind === "answer";
    });
  } catch (error) {
    if (!(error instanceof ReaderDied)) throw error;
    problem = { kind: error.kind, message: error.message };
  }
  return problem;
}
