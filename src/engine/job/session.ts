import { fittingFeeds } from "../evaluation/halfInputs.ts";
import type { Sample } from "../model/dataset.ts";
import { modelBytes } from "../model/deferred.ts";
import { InputError } from "../model/job.ts";
import { type ModelFile, type Runtime, type Session, type SessionOptions, WorkerDied } from "../model/runtime.ts";
import { bfloatRefusal } from "./runsHere.ts";

const WARM_UP = 2;
const TRIALS = 3;
const CLEAR_GAIN = 0.9;
/** Milliseconds of a run that threads cannot shorten by what a clock, or a person, notices. */
const SHORT = 1;
/** Of larger models there is one session at a time. */
const MOST_TWICE = 2 ** 27;

/** A session of a model that `what` names in a message. Throws InputError when the runtime does not take it. */
export async function loadSession(
  runtime: Runtime,
  file: ModelFile,
  options: SessionOptions,
  what: string,
): Promise<Session> {
  try {
    return await runtime.createSession(file, options);
  } catch (error) {
    throw refusal(error, `${what} does not load in ONNX Runtime`);
  }
}

/**
 * A session of a quantized model, which takes what the float one does where its inputs are float16. Throws InputError as `loadSession` does; of a file that computes
 * in bfloat16 it says that.
 */
export async function loadQuantized(
  runtime: Runtime,
  file: ModelFile,
  options: SessionOptions,
  computesBfloats = false,
): Promise<Session> {
  try {
    return fittingFeeds(await loadSession(runtime, file, options, "The quantized model"));
  } catch (error) {
    throw computesBfloats && error instanceof InputError ? bfloatRefusal("The quantized model") : error;
  }
}

/**
 * A session with as many threads as help: one, unless all that the runtime allows are clearly faster on the sample.
 * On busy cores, and for small models, they often are not; where a run takes no millisecond they are not tried, so that
 * chance does not part the latencies of one model.
 * Throws InputError when the model does not load, or does not run on the sample.
 */
export async function quickestSession(
  runtime: Runtime,
  file: ModelFile,
  sample: Sample,
  what: string,
): Promise<{ session: Session; threads: number }> {
  const chosen = await tryThreads(runtime, file, sample, what);
  lastChosen.set(runtime, chosen.threads);
  return chosen;
}

/**
 * A session with the number of threads that helped when a runtime last tried, for a model much like that one; with none
 * tried yet as quickestSession gives it. Throws InputError as that does.
 */
export async function similarSession(
  runtime: Runtime,
  file: ModelFile,
  sample: Sample,
  what: string,
): Promise<{ session: Session; threads: number }> {
  const threads = lastChosen.get(runtime);
  if (threads === undefined) return quickestSession(runtime, file, sample, what);
  return { session: await loadSession(runtime, file, { threads }, what), threads };
}

/** Whether a second session of a model may be open beside the first. */
export function fitsTwice(file: ModelFile): boolean {
  return modelBytes(file) <= MOST_TWICE;
}

const lastChosen = new WeakMap<Runtime, number>();

async function tryThreads(
  runtime: Runtime,
  file: ModelFile,
  sample: Sample,
  what: string,
): Promise<{ session: Session; threads: number }> {
  const single = await loadSession(runtime, file, { threads: 1 }, what);
  const sessions = [single];
  try {
    const slow = await fastestRun(single, sample, what);
    if (runtime.maxThreads === 1 || slow < SHORT) return { session: single, threads: 1 };
    const alone = !fitsTwice(file);
    if (alone) await sessions.pop()!.dispose();
    const many = await loadSession(runtime, file, { threads: runtime.maxThreads }, what);
    sessions.push(many);
    if ((await fastestRun(many, sample, what)) < CLEAR_GAIN * slow) {
      if (!alone) await single.dispose();
      return { session: many, threads: runtime.maxThreads };
    }
    await sessions.pop()!.dispose();
    return { session: alone ? await loadSession(runtime, file, { threads: 1 }, what) : single, threads: 1 };
  } catch (error) {
    await Promise.all(sessions.map((session) => session.dispose()));
    throw error;
  }
}

async function fastestRun(session: Session, { feeds, source }: Sample, what: string): Promise<number> {
  let fastest = Infinity;
  for (let run = 0; run < WARM_UP + TRIALS; run++) {
    try {
      await session.run(feeds);
    } catch (error) {
      throw refusal(error, `${what} does not run on ${source}`);
    }
    if (run >= WARM_UP) fastest = Math.min(fastest, session.lastRunTime);
  }
  return fastest;
}

/** Why a runtime refused, for a person; the death of a worker as it is. */
export function refusal(error: unknown, sentence: string): Error {
  if (error instanceof WorkerDied) return error;
  const reason = reasonOf(error);
  return new InputError(`${sentence}: ${reason}${/[.!?]$/.test(reason) ? "" : "."}`);
}

/** Where in its own code ONNX Runtime is, and its codes of errors: `/onnxruntime_src/.../model.cc:202 Model::Model(...) `. */
const OWN_PLACES = [
  /\S+\.(?:cc|h):\d+ \S+?\((?:[^()]|\([^)]*\))*\)(?: const)? /g,
  /\S+\.(?:cc|h):\d+ \w+ /g,
  /\[ONNXRuntimeError\] : \d+ : \w+ : /g,
];

/** Of what a runtime says, which names of any length may be in. */
const LONGEST = 1000;

/** The first line of what a runtime said, without the places in its code, and without its middle where it is long. */
export function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const [line = ""] = reason.trim().split("\n");
  const text = OWN_PLACES.reduce((text, place) => text.replace(place, ""), line).trim();
  if (text.length > LONGEST) return `${text.slice(0, LONGEST / 2)} ... ${text.slice(-LONGEST / 2)}`;
  return text || "it gives no reason";
}
