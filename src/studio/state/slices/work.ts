import type { Progress } from "../../../engine/model/job.ts";
import type { LossPoint } from "../../../engine/model/rounding.ts";
import type { Changes } from "./slice.ts";

export interface Job {
  readonly id: number;
  readonly task: string;
  /** What it runs on. */
  readonly on: string;
  readonly progress: Progress | null;
  /** The first report of the running task and when it came: rate and time left count from there. */
  readonly first: { readonly done: number; readonly time: number } | null;
  readonly now: number;
  readonly cancelling: boolean;
  /** It settles the recipe, which no person asked for: what a person asks for then waits for its end. */
  readonly settles: boolean;
}

export interface LogEntry {
  readonly id: number;
  readonly time: number;
  readonly level: "error" | "warning" | "info";
  readonly text: string;
}

export interface Alert {
  readonly id: number;
  readonly message: string;
  /** What only helps to find a defect, folded away. */
  readonly details: string | null;
  /** What it waits for, and goes away with: "read" is for what only informs; null stays until it is dismissed. */
  readonly until: "model" | "samples" | "samples to judge" | "calibration" | "idle" | "nothing awaited" | "read" | null;
}

/** The loss of the layer whose rounding is being learned, so far. */
export interface Learning {
  readonly layer: string;
  readonly curve: readonly LossPoint[];
}

/** The measurement of the last change under way, or why there is none. */
export interface Probing {
  readonly progress: Progress | null;
  readonly failure: string | null;
}

/** A session that can be taken up again. */
export interface StoredSession {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
  readonly opset: number;
  readonly savedAt: number;
  readonly kept: boolean;
}

/** What this browser keeps of a model, in bytes. */
export interface KeptModel {
  readonly sha256: string;
  readonly name: string;
  readonly records: number;
  readonly files: number;
  readonly savedAt: number;
}

/** What goes on, and what was said of it. */
export interface Work {
  readonly job: Job | null;
  /** Newest first. */
  readonly log: readonly LogEntry[];
  readonly alerts: readonly Alert[];
  /** Null when there is nothing to say of a measurement. */
  readonly probing: Probing | null;
  readonly learning: Learning | null;
  /** The comparison with other preprocessings under way; null when there is none. */
  readonly comparing: { readonly progress: Progress | null } | null;
  /** Those last worked on in this browser, latest first. */
  readonly sessions: readonly StoredSession[];
  /** Of every model, latest first. */
  readonly keptModels: readonly KeptModel[];
  /** Why nothing is kept of what is done; null where it is. */
  readonly notKept: string | null;
  /** Whether another tab keeps the open model's session: it was open there first, or was taken over. */
  readonly elsewhere: "open" | "taken" | null;
}

/** What goes on of a model that is gone. */
export const NOTHING_MEASURED = { probing: null, learning: null, comparing: null } as const satisfies Partial<Work>;

export const NO_WORK: Work = {
  ...NOTHING_MEASURED,
  job: null,
  log: [],
  alerts: [],
  sessions: [],
  keptModels: [],
  notKept: null,
  elsewhere: null,
};

const LOGGED = 500;
const ALERTS = 3;

export const workChanges = {
  jobStarted: (_, job: Pick<Job, "id" | "task" | "on" | "settles">, now: number) => ({
    job: { ...job, progress: null, first: null, now, cancelling: false },
  }),
  jobProgressed: ({ job }, progress: Progress, first: Job["first"], now: number) => ({
    job: job && { ...job, progress, first, now },
  }),
  jobCancelled: ({ job }) => ({ job: job && { ...job, cancelling: true } }),
  jobEnded: () => ({ job: null }),
  said: ({ log }, entry: LogEntry) => ({ log: [entry, ...log].slice(0, LOGGED) }),
  alarmed: ({ alerts }, alert: Alert) => ({
    alerts: [...alerts.filter(({ message }) => message !== alert.message), alert].slice(-ALERTS),
  }),
  alertDismissed: ({ alerts }, id: number) => ({ alerts: alerts.filter((alert) => alert.id !== id) }),
  probeProgressed: (_, progress: Progress | null) => ({ probing: { progress, failure: null } }),
  probeGivenUp: () => ({ probing: null }),
  probeFailed: (_, failure: string) => ({ probing: { progress: null, failure } }),
  comparingProgressed: (_, progress: Progress | null) => ({ comparing: { progress } }),
  comparingEnded: () => ({ comparing: null }),
  lossShown: (_, layer: string, curve: readonly LossPoint[]) => ({ learning: { layer, curve } }),
  learningEnded: () => ({ learning: null }),
  keptListed: (_, keptModels: readonly KeptModel[]) => ({ keptModels }),
  notKept: (_, notKept: string) => ({ notKept }),
  keptAgain: () => ({ notKept: null }),
  keptElsewhere: (_, elsewhere: Work["elsewhere"]) => ({ elsewhere }),
  sessionsListed: (_, sessions: readonly StoredSession[]) => ({ sessions }),
} satisfies Changes<Work>;
