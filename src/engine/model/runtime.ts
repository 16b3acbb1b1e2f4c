import type { BlockLearner } from "./finetuning.ts";
import type { WithFitters } from "./fitting.ts";
import type { Range } from "./range.ts";
import type { Statistics } from "./statistics.ts";
import type { Port, Tensor, TensorMap } from "./tensor.ts";

/** A file beside a graph. Its bytes may be read anew each time they are asked for. */
export interface ExternalFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/** A model as a runtime takes it: the graph, and weights that stay where they are. */
export interface ModelFile {
  readonly graph: Uint8Array;
  /** Files that the graph's external tensors name. */
  readonly external: readonly ExternalFile[];
  /** What the graph calls inputs and outputs that it has under another name than they are asked for by; none when absent. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** The same for a runtime that opens files by itself; absent where not most weights lie in files. */
  readonly linked?: LinkedFile;
}

/** A model of which a runtime reads weights where they lie, so that nobody else has them in memory. */
export interface LinkedFile {
  /** With all weights in it that lie in no file. */
  readonly graph: Uint8Array;
  /** Of the files that it names. */
  readonly folder: string;
  /** Throws FileChanged where they are no longer what they were: asked once they are open. */
  assertSame(): void;
}

export interface Session {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Runs the model once. `fetches` limits the outputs computed. The tensors returned are the caller's own. */
  run(feeds: TensorMap, fetches?: readonly string[]): Promise<TensorMap>;
  /**
   * Runs the model once and shows its float32 outputs in `fetches`, at least one, where the runtime has them: a tensor is
   * good for the call alone. Absent where outputs come from elsewhere and become the caller's own in any case.
   */
  peek?(feeds: TensorMap, fetches: readonly string[], see: (name: string, tensor: Tensor) => void): Promise<void>;
  /** What each node took in each run, after which there is no more: of a session that keeps a profile, where the runtime can. */
  nodeTimes?(): Promise<readonly NodeTime[]>;
  /** Milliseconds the last run took inside the runtime, without what carried tensors to it. */
  readonly lastRunTime: number;
  dispose(): Promise<void>;
}

export interface SessionOptions {
  readonly threads: number;
  /** Off: nodes run as written, so that a fused node does not hide a tensor. Default on. */
  readonly optimize?: boolean;
  /** Off: what a run takes is given back after it, and not kept for the next. Default on. */
  readonly arena?: boolean;
  /** On: notes what each node takes (`nodeTimes`). Default off. */
  readonly profile?: boolean;
}

/** A run of a node, by the name that the runtime gives it. */
export interface NodeTime {
  readonly node: string;
  readonly microseconds: number;
}

/** Where ONNX Runtime computes: its native CPU build, its WASM SIMD build, or WebGPU. */
export const PROVIDERS = ["cpu", "wasm", "webgpu"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** A tensor that holds exactly the values of others, all of theirs together, each clamped where `clamp` is given. */
export interface DerivedTensor {
  readonly tensor: string;
  readonly from: readonly string[];
  readonly clamp: Range | null;
}

/** The tensors to watch, by name: inputs of a model and outputs that it has. */
export interface ObservationPlan {
  /** In graph order. */
  readonly watch: readonly string[];
  /** Those of `watch` whose statistics need not be counted, since they follow from those of others before them. */
  readonly derived: readonly DerivedTensor[];
  /** Those of `watch` that are counted in some samples only (calibration/seldom.ts). */
  readonly seldom: readonly string[];
}

/** A session that keeps the tensors it watches to itself: only their statistics leave it. */
export interface ObserverSession {
  /**
   * Runs samples that were joined along the first dimension and takes every watched tensor into the statistics.
   * `samples` are their indices, in that order. When it rejects, what was observed since the last `take` is lost.
   */
  observe(feeds: TensorMap, samples: readonly number[]): Promise<void>;
  /** The statistics of every sample observed since the last take, which then start anew. */
  take(): Promise<Statistics>;
  /** Milliseconds that the last `observe` took inside the runtime, observing included. */
  readonly lastRunTime: number;
  dispose(): Promise<void>;
}

export interface Runtime {
  /** "onnxruntime-web 1.30.0, wasm" and the like, for reports. */
  readonly label: string;
  /** Threads worth trying here, at least 1. */
  readonly maxThreads: number;
  /** Workers worth trying where it has `createObserver`; 1 when absent. */
  readonly maxWorkers?: number;
  createSession(model: ModelFile, options: SessionOptions): Promise<Session>;
  readonly provider: Provider;
  /** Runs each model in a process of its own, where a crash ends nothing else; absent where every session is apart. */
  readonly separate?: Runtime;
  /** Bytes that sessions can still take; unknown where it is absent. */
  readonly freeBytes?: () => number;
  /**
   * Bytes that opening a model and running it once take at their peak, in a process of its own, beyond those of its files; absent where
   * that cannot be told.
   */
  peakBytes?(model: ModelFile, feeds: TensorMap, threads: number): Promise<number>;
  /** How often observing begins anew where the last of its workers dies; absent where whoever runs the job sees to it. */
  readonly restarts?: number;
  /**
   * A session that observes where it runs, in a worker of its own; sessions of several workers run side by side.
   * `pieces` are a model, in one or in consecutive pieces, each of which reads inputs of the model and float32 tensors of earlier
   * ones. Absent where tensors are at hand in any case: the caller then observes what sessions give.
   */
  createObserver?(
    pieces: readonly ModelFile[],
    plan: ObservationPlan,
    options: ObserverOptions,
  ): Promise<ObserverSession>;
}

export interface ObserverOptions {
  readonly threads: number;
  /** Which worker, from 0; each has a runtime of its own. */
  readonly worker: number;
}

/**
 * A device that may be absent, slower than the processor, or lost while it computes. It observes float models and does
 * nothing else: what it makes of a quantized model says little about other machines.
 */
export interface Accelerator {
  /** As of a Runtime; complete once an observer was created. */
  readonly label: string;
  readonly provider: Provider;
  /** Whether it is none at all: an adapter that computes on the processor, for tests. It is never chosen by itself. */
  readonly software: boolean;
  /** Rejects with AcceleratorLost, as do the calls of the session. */
  createObserver(model: ModelFile, plan: ObservationPlan): Promise<ObserverSession>;
  /** Ends whatever runs on it, even what hangs: its sessions are of no use afterwards, and pending calls reject. */
  end(): void;
}

/** What there is to run on here. The accelerator rejects with one sentence that says why there is none. */
export interface Runtimes {
  readonly main: Runtime;
  readonly accelerator: (() => Promise<Accelerator>) | null;
  /** What learns rounding, started when it is asked for; absent where a recipe's wish for it is left open. */
  readonly learner?: () => Promise<BlockLearner>;
  /** Threads that find scales of large weights beside the one that asks; absent where there are none. */
  readonly withFitters?: WithFitters;
}

/**
 * There is no accelerator, or it cannot go on; the message is one sentence that says why and is shown as it is. What it
 * observed since the last `take` is lost, and nothing is wrong with the samples: another runtime may take them.
 */
export class AcceleratorLost extends Error {
  override readonly name = "AcceleratorLost";
}

/** The worker behind a runtime or an engine ended before it answered: nothing is wrong with what it was asked. */
export class WorkerDied extends Error {
  override readonly name = "WorkerDied";
}
