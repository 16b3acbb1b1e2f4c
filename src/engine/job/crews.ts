import type { Crew } from "../calibration/calibrate.ts";
import { openObserving } from "../calibration/observing.ts";
import type { Execution } from "../model/calibration.ts";
import { type ObserverSession, type Runtime, WorkerDied } from "../model/runtime.ts";
import type { ObservedModel } from "./observed.ts";
import { refusal } from "./session.ts";

/** Workers beyond these gain little: they share memory's bandwidth. */
const MOST_WORKERS = 4;
/** What the sessions of several workers may take together; each holds the weights twice, and what it observes. */
const WORKERS_BYTES = 2 ** 30;
/** Samples are joined by themselves only where their activations stay in the processor's caches. */
const BATCH_BYTES = 2 ** 24;
const BATCH = 8;

/** How many workers, and the threads of each. */
export interface Shape {
  readonly workers: number;
  readonly threads: number;
}

/** What to begin with, and what to try against it; null where nothing else is to be had. */
export function shapesFor(
  { maxThreads, maxWorkers = 1 }: Pick<Runtime, "maxThreads" | "maxWorkers">,
  { workers, threads }: Execution,
  { weightBytes, heldBytes }: Pick<ObservedModel, "weightBytes" | "heldBytes">,
): { readonly first: Shape; readonly rival: Shape | null } {
  const first = { workers: workers ?? 1, threads: threads ?? 1 };
  const fitting = Math.floor(WORKERS_BYTES / Math.max(1, 2 * weightBytes + heldBytes));
  const many = Math.min(MOST_WORKERS, fitting, Math.floor(maxWorkers / first.threads));
  if (workers === null && many > 1) return { first, rival: { ...first, workers: many } };
  const wide = Math.floor(maxThreads / first.workers);
  return { first, rival: threads === null && wide > 1 ? { ...first, threads: wide } : null };
}

/** The samples worth joining where a person leaves it open: 1 where each sample keeps the processor busy. */
export function batchToTry({ joins, activationBytes }: Pick<ObservedModel, "joins" | "activationBytes">): number {
  return joins && BATCH * activationBytes <= BATCH_BYTES ? BATCH : 1;
}

/** The sessions that observe a model on one runtime, for as long as they are needed. */
export class Crews {
  readonly #runtime: Runtime;
  readonly #model: ObservedModel;
  readonly #opened = new Set<ObserverSession>();
  #isClosed = false;

  constructor(runtime: Runtime, model: ObservedModel) {
    this.#runtime = runtime;
    this.#model = model;
  }

  /** Opens sessions. Throws InputError when the model does not load, or later when it does not run on a sample. */
  open(shape: Shape, batch: number): Promise<Crew> {
    return this.#open(shape, batch, 0, runFailure);
  }

  /** Opens those from worker `from` on, which can be done without: whatever they fail at is a death, as for want of memory. */
  openSpare(shape: Shape, batch: number, from: number): Promise<Crew> {
    return this.#open(shape, batch, from, ({ message }) => new WorkerDied(message));
  }

  async #open({ workers, threads }: Shape, batch: number, from: number, failure: typeof runFailure): Promise<Crew> {
    const all = Array.from({ length: workers - from }, (_, i) => this.#openOne(from + i, threads, failure));
    const settled = await Promise.allSettled(all);
    const sessions = settled.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    const refused = settled.find((each) => each.status === "rejected");
    if (refused) {
      await this.close(sessions);
      throw refused.reason;
    }
    const { label, provider } = this.#runtime;
    return { sessions, runtime: { runtime: label, provider }, threads, batch };
  }

  /** Disposes of those that are still open. */
  async close(sessions: readonly ObserverSession[]): Promise<void> {
    const own = sessions.filter((session) => this.#opened.delete(session));
    await Promise.all(own.map((session) => session.dispose()));
  }

  /** What is still opening is not waited for; it closes by itself. */
  closeAll(): Promise<void> {
    this.#isClosed = true;
    return this.close([...this.#opened]);
  }

  async #openOne(worker: number, threads: number, failure: typeof runFailure): Promise<ObserverSession> {
    const { pieces, plan, what } = this.#model;
    let observer: ObserverSession;
    try {
      observer = this.#runtime.createObserver
        ? await this.#runtime.createObserver(pieces, plan, { worker, threads })
        : await openObserving(this.#runtime, pieces, plan, threads);
    } catch (error) {
      throw refusal(error, `${what} does not load in ONNX Runtime`);
    }
    const session = failingWith(observer, this.#model, failure);
    this.#opened.add(session);
    if (this.#isClosed) await this.close([session]);
    return session;
  }
}

function runFailure(error: Error): Error {
  return error;
}

/** The session; what it throws on a sample names the sample. */
function failingWith(
  session: ObserverSession,
  { what, sourceOf }: ObservedModel,
  failure: typeof runFailure,
): ObserverSession {
  return {
    get lastRunTime() {
      return session.lastRunTime;
    },
    take: () => session.take(),
    dispose: () => session.dispose(),
    async observe(feeds, samples) {
      try {
        await session.observe(feeds, samples);
      } catch (error) {
        throw failure(refusal(error, `${what} does not run on ${sourceOf(samples[0]!)}`));
      }
    },
  };
}
