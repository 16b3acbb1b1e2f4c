import type { Sample } from "../model/dataset.ts";
import {
  type Accelerator,
  AcceleratorLost,
  type ModelFile,
  type ObservationPlan,
  type ObserverSession,
  type Provider,
  type Runtimes,
} from "../model/runtime.ts";
import { significant } from "../values/figures.ts";

export interface Candidate {
  readonly file: ModelFile;
  readonly plan: ObservationPlan;
  /** A real one: the trial runs it. Its statistics are dropped. */
  readonly sample: Sample;
  /** Milliseconds a sample takes on the main runtime; not asked for where the accelerator was chosen by hand. */
  readonly mainMilliseconds: () => Promise<number>;
}

/** Where to observe: on the accelerator, or for a reason, one sentence, on the main runtime; null where none was asked. */
export type Placement =
  | { readonly accelerator: Accelerator; readonly observer: ObserverSession }
  | { readonly accelerator: null; readonly reason: string | null };

const WARM_UP = 2;
const TRIALS = 3;
const CLEAR_GAIN = 0.9;

/** Fetching and compiling the runtime and the model's shaders included. */
const TRIAL_MS = 45_000;

/**
 * Tries the accelerator on a sample. With a provider of null it is taken when it is clearly faster than the main runtime
 * and no mere simulation; the trial is ended after 45 s, even when it hangs. Chosen by hand it is taken when it runs the
 * sample, however long that takes. Rejects with the signal's reason when cancelled, and with what `mainMilliseconds` does.
 */
export async function placeObserver(
  { accelerator: offer }: Runtimes,
  provider: Provider | null,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<Placement> {
  if (provider !== null && provider !== "webgpu") return { accelerator: null, reason: null };
  const byHand = provider === "webgpu";
  if (!offer) return { accelerator: null, reason: byHand ? "WebGPU is not available here." : null };
  try {
    const accelerator = await offer();
    if (!byHand && accelerator.software) {
      return { accelerator: null, reason: "WebGPU was not tried: its adapter here computes on the processor." };
    }
    return await (byHand ? start(accelerator, candidate, signal) : race(accelerator, candidate, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AcceleratorLost) return { accelerator: null, reason: error.message };
    throw error;
  }
}

async function start(accelerator: Accelerator, candidate: Candidate, signal: AbortSignal): Promise<Placement> {
  const observer = await untilAborted(accelerator, signal, async () => {
    const created = await accelerator.createObserver(candidate.file, candidate.plan);
    await run(created, candidate.sample, 1);
    await created.take();
    return created;
  });
  return { accelerator, observer };
}

async function race(accelerator: Accelerator, candidate: Candidate, signal: AbortSignal): Promise<Placement> {
  const rival = await candidate.mainMilliseconds();
  const timeout = AbortSignal.timeout(TRIAL_MS);
  let observer: ObserverSession;
  let fastest: number;
  try {
    [observer, fastest] = await untilAborted(accelerator, AbortSignal.any([signal, timeout]), async () => {
      const created = await accelerator.createObserver(candidate.file, candidate.plan);
      await run(created, candidate.sample, WARM_UP);
      const time = await run(created, candidate.sample, TRIALS);
      await created.take();
      return [created, time] as const;
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    return { accelerator: null, reason: `WebGPU was not used: its trial took over ${TRIAL_MS / 1000} s.` };
  }
  if (fastest < CLEAR_GAIN * rival) return { accelerator, observer };
  await observer.dispose();
  const figures = `${significant(fastest)} ms a sample against ${significant(rival)} ms`;
  return { accelerator: null, reason: `WebGPU is not faster here on this model: ${figures}.` };
}

/** Milliseconds of the fastest of so many runs. */
async function run(observer: ObserverSession, { feeds }: Sample, times: number): Promise<number> {
  let fastest = Infinity;
  for (let i = 0; i < times; i++) {
    await observer.observe(feeds, [1]);
    fastest = Math.min(fastest, observer.lastRunTime);
  }
  return fastest;
}

/** Does `work`, and ends everything on the accelerator when it is aborted or fails. */
async function untilAborted<T>(accelerator: Accelerator, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const end = () => accelerator.end();
  signal.addEventListener("abort", end);
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    end();
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
