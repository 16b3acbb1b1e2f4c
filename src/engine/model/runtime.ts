import type { Port, TensorMap } from "./tensor.ts";

/** A model as a runtime takes it: the graph, and weights that stay where they are. */
export interface ModelFile {
  readonly graph: Uint8Array;
  /** Files that the graph's external tensors name. */
  readonly external: readonly { readonly path: string; readonly data: Uint8Array }[];
}

export interface Session {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Runs the model once. `fetches` limits the outputs computed. The tensors returned are the caller's own. */
  run(feeds: TensorMap, fetches?: readonly string[]): Promise<TensorMap>;
  /** Milliseconds the last run took inside the runtime, without what carried tensors to it. */
  readonly lastRunTime: number;
  dispose(): Promise<void>;
}

export interface SessionOptions {
  readonly threads: number;
  /** Off: nodes run as written, so that a fused node does not hide a tensor. Default on. */
  readonly optimize?: boolean;
}

export interface Runtime {
  /** "onnxruntime-web 1.30.0, wasm" and the like, for reports. */
  readonly label: string;
  /** Threads worth trying here, at least 1. */
  readonly maxThreads: number;
  createSession(model: ModelFile, options: SessionOptions): Promise<Session>;
}

/** The worker behind a runtime or an engine ended before it answered: nothing is wrong with what it was asked. */
export class WorkerDied extends Error {
  override readonly name = "WorkerDied";
}
