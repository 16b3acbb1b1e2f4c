import type { ExecutorRecord } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import { type ObserverSession, WorkerDied } from "../model/runtime.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { Observer } from "../numerics/observer.ts";
import { clamp } from "../values/clamp.ts";
import { addExecutor, nonFiniteNotices, type Observation } from "./mergeObservations.ts";
import { type Batch, SampleFeed } from "./sampleFeed.ts";

export type { Observation } from "./mergeObservations.ts";

/** Sessions of one kind that run side by side. */
export interface Crew {
  readonly sessions: readonly ObserverSession[];
  readonly runtime: Pick<ExecutorRecord, "runtime" | "provider">;
  readonly threads: number;
  readonly batch: number;
}

export interface CalibratorOptions {
  /** The tensors that sessions watch, in the order in which their statistics are listed. */
  readonly watch: readonly string[];
  readonly dataset: Dataset;
  /** So many samples are observed, from the first on or from the one at `skip`. */
  readonly samples: number;
  readonly skip?: number;
  readonly resume: Observation | null;
  readonly context: JobContext;
  /**
   * Gets the state after the first batch, then every one to four seconds, and when a run is cancelled or fails; what it gives is
   * settled once the state is kept, and none comes before.
   */
  readonly checkpoint: (observation: Observation) => unknown;
  /**
   * Whether all may end at any moment: the state is then handed over after every batch, with what sessions at rest hold, and sessions
   * wait until it is kept.
   */
  readonly isLeaving?: () => boolean;
}

const SHORTEST_ROUND_MS = 1000;
const LONGEST_ROUND_MS = 4000;
/** Between two checkpoints there is so many times what one takes, within these bounds. */
const ROUND_PER_CHECKPOINT = 30;

/**
 * Observes samples of a dataset that follow each other, on one crew after the other. What it comes to depends on the samples alone,
 * not on which session saw which. While sessions run, the next batch is decoded: memory is a batch for each session and
 * one more. Samples that cannot be read are skipped and noted, NaN and infinities left out and noted.
 */
export class Calibrator {
  readonly #options: CalibratorOptions;
  readonly #total: number;
  readonly #feed: SampleFeed;
  readonly #observed: Set<number>;
  readonly #skipped = new Map<number, Notice>();
  readonly #notices: Notice[];
  readonly #executors: ExecutorRecord[];
  readonly #statistics: Map<string, TensorStatistics>;
  /** What sessions observed and keep. */
  readonly #kept = new Map<ObserverSession, number[]>();
  readonly #crews = new Map<ObserverSession, Crew>();
  /** Sessions that failed: what they still hold was given to others. */
  readonly #failed = new WeakSet<ObserverSession>();
  /** The round of checkpoints that a session's statistics were last taken for. */
  readonly #rounds = new Map<ObserverSession, number>();
  #round = 0;
  #roundEnds = 0;
  /** What taking the statistics of this round took so far, in milliseconds. */
  #taking = 0;
  #keeping: Promise<void> | null = null;

  constructor(options: CalibratorOptions) {
    const { dataset, samples, skip = 0, resume } = options;
    this.#options = options;
    this.#total = Math.max(0, Math.min(samples, dataset.length - skip));
    this.#observed = new Set(resume?.observed);
    this.#executors = [...(resume?.executors ?? [])];
    this.#statistics = new Map(resume?.statistics);
    const noted = new Map(resume?.notices.map((notice) => [notice.subject, notice]));
    for (const index of resume?.skipped ?? []) {
      const notice = noted.get(dataset.sourceOf(index));
      if (notice) this.#skipped.set(index, notice);
    }
    const computed = [...this.#skipped.values(), ...(resume ? nonFiniteNotices(resume.statistics) : [])];
    const told = new Set(computed.map(({ message }) => message));
    this.#notices = resume?.notices.filter(({ message }) => !told.has(message)) ?? [];
    const indices = Array.from({ length: this.#total }, (_, at) => skip + at);
    this.#feed = new SampleFeed(
      dataset,
      indices.filter((index) => !this.#observed.has(index) && !this.#skipped.has(index)),
      (index, reason) => this.#skip(index, reason),
    );
  }

  /** How many samples no session was given yet. */
  get left(): number {
    return this.#feed.left;
  }

  /** Whether a session of the crew has not failed yet. */
  isAlive({ sessions }: Crew): boolean {
    return sessions.some((session) => !this.#failed.has(session));
  }

  /** Adds something that a person should know, once. */
  note(notice: Notice): void {
    if (!this.#notices.some(({ message }) => message === notice.message)) this.#notices.push(notice);
  }

  /**
   * Runs samples until none is left, or `limit` of them on average by each session, and returns how many samples a
   * millisecond the crew runs, by the fastest run of each. The samples of a session whose worker dies go to the others.
   * Rejects, when the job is cancelled or the last session fails, with that; what all that live had observed is taken.
   */
  async run(crew: Crew, limit = Infinity): Promise<number> {
    this.#report();
    const alive = new Set(crew.sessions.filter((session) => !this.#failed.has(session)));
    if (alive.size === 0) throw new WorkerDied("No worker of ONNX Runtime is left");
    for (const session of alive) this.#crews.set(session, crew);
    const working = new Set<ObserverSession>();
    const rates = new Map<ObserverSession, number>();
    let left = limit * crew.sessions.length;
    let failure: { readonly error: unknown } | null = null;
    const share = () => {
      const size = Math.min(crew.batch, left);
      left -= size;
      return size;
    };
    const work = async (session: ObserverSession) => {
      working.add(session);
      try {
        for (let size = share(); size > 0 && !failure; size = share()) {
          this.#options.context.signal.throwIfAborted();
          const batch = await this.#feed.next(size);
          if (!batch) break;
          await this.#observe(session, batch);
          rates.set(session, Math.max(rates.get(session) ?? 0, batch.samples.length / session.lastRunTime));
          this.#report();
          await this.#takeWhenDue(session, crew, working);
        }
        if (limit === Infinity) await this.#take(session, crew);
      } catch (error) {
        if (error instanceof SessionFailed) alive.delete(session);
        const cause = error instanceof SessionFailed ? error.cause : error;
        if (!(cause instanceof WorkerDied && alive.size > 0)) failure ??= { error: cause };
        else this.note(deathNotice(cause));
      } finally {
        working.delete(session);
      }
    };
    do {
      await Promise.all([...alive].map(work));
    } while (!failure && alive.size > 0 && limit === Infinity && this.left > 0);
    if (failure) {
      await this.take({ ...crew, sessions: [...alive] }).catch(() => undefined);
      if (this.#observed.size > 0) this.#options.checkpoint(this.#state());
      throw (failure as { readonly error: unknown }).error;
    }
    return [...rates.values()].reduce((sum, rate) => sum + rate, 0);
  }

  /** Takes what a crew's sessions keep, so that they may be disposed of. Rejects when one of them cannot give it. */
  async take(crew: Crew): Promise<void> {
    const taken = await Promise.allSettled(crew.sessions.map((session) => this.#take(session, crew)));
    const failed = taken.find((result) => result.status === "rejected");
    if (failed) throw failed.reason instanceof SessionFailed ? failed.reason.cause : failed.reason;
  }

  /** What was observed. Throws InputError when not one sample could be read. */
  result(): Observation {
    this.#report();
    if (this.#observed.size > 0) return this.#state();
    const [first] = this.#skipped.values();
    throw new InputError(`Not one of the ${this.#total} samples could be read; ${first?.message ?? "add other data."}`);
  }

  async #observe(session: ObserverSession, { samples, feeds }: Batch): Promise<void> {
    const kept = this.#kept.get(session) ?? [];
    this.#kept.set(session, kept);
    kept.push(...samples);
    await this.#orGiveBack(session, session.observe(feeds, samples));
  }

  async #take(session: ObserverSession, { sessions, runtime, threads, batch }: Crew): Promise<void> {
    const samples = this.#kept.get(session) ?? [];
    if (samples.length === 0) return;
    const statistics = await this.#orGiveBack(session, session.take());
    this.#kept.delete(session);
    for (const index of samples) this.#observed.add(index);
    for (const name of this.#options.watch) {
      const parts = [this.#statistics, statistics].flatMap((part) => part.get(name) ?? []);
      this.#statistics.set(name, parts.length === 1 ? parts[0]! : Observer.merge(parts));
    }
    addExecutor(this.#executors, { ...runtime, workers: sessions.length, threads, batch, samples: samples.length });
  }

  async #takeWhenDue(session: ObserverSession, crew: Crew, working: ReadonlySet<ObserverSession>): Promise<void> {
    const start = performance.now();
    const isLeaving = this.#options.isLeaving?.() ?? false;
    const isTaken = (other: ObserverSession) => (this.#rounds.get(other) ?? 0) === this.#round;
    const isDue = (isLeaving || start > this.#roundEnds) && !this.#keeping;
    if (isDue && [...working].every(isTaken)) {
      this.#round++;
      this.#taking = 0;
    }
    if (!isTaken(session)) {
      await this.#take(session, crew);
      this.#taking += performance.now() - start;
      this.#rounds.set(session, this.#round);
      if ([...working].every(isTaken)) this.#keep(isLeaving ? working : null);
    }
    if (isLeaving) await this.#keeping;
  }

  /** Keeps what was taken, and what sessions hold that are not among those `working`, which wait for it; null takes nothing more. */
  #keep(working: ReadonlySet<ObserverSession> | null): void {
    const start = performance.now() - this.#taking;
    const kept = async () => {
      if (working) await this.#takeFromOthers(working);
      await this.#options.checkpoint(this.#state());
    };
    this.#keeping = kept()
      .catch(() => undefined)
      .then(() => {
        const now = performance.now();
        const length = clamp(ROUND_PER_CHECKPOINT * (now - start), SHORTEST_ROUND_MS, LONGEST_ROUND_MS);
        this.#roundEnds = now + length;
        this.#keeping = null;
      });
  }

  /** What a session that fails held is run again. */
  async #takeFromOthers(working: ReadonlySet<ObserverSession>): Promise<void> {
    const others = [...this.#kept.keys()].filter((session) => !working.has(session));
    await Promise.allSettled(others.map((session) => this.#take(session, this.#crews.get(session)!)));
  }

  /** A session that fails has lost what it kept. */
  async #orGiveBack<T>(session: ObserverSession, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.#feed.giveBack(this.#kept.get(session) ?? []);
      this.#kept.delete(session);
      this.#failed.add(session);
      throw new SessionFailed(error);
    }
  }

  #skip(index: number, { message }: InputError): void {
    const subject = this.#options.dataset.sourceOf(index);
    this.#skipped.set(index, { kind: "warning", subject, message: `Skipped: ${message}` });
  }

  #report(): void {
    let done = this.#observed.size + this.#skipped.size;
    for (const samples of this.#kept.values()) done += samples.length;
    this.#options.context.report({ task: "Calibrating", done, total: this.#total, unit: "samples" });
  }

  #state(): Observation {
    const skipped = [...this.#skipped].sort(([a], [b]) => a - b);
    const statistics = new Map(
      this.#options.watch.map((name) => [name, this.#statistics.get(name) ?? Observer.merge([])]),
    );
    return {
      statistics,
      observed: [...this.#observed].sort((a, b) => a - b),
      skipped: skipped.map(([index]) => index),
      executors: [...this.#executors],
      notices: [...this.#notices, ...skipped.map(([, notice]) => notice), ...nonFiniteNotices(statistics)],
    };
  }
}

class SessionFailed extends Error {
  constructor(cause: unknown) {
    super("a session failed", { cause });
  }
}

function deathNotice({ message }: WorkerDied): Notice {
  return { kind: "info", subject: "ONNX Runtime", message: `${message}; other workers ran its samples again.` };
}
