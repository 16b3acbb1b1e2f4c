export interface Progress {
  /** What runs, as a short phrase: "Calibrating". */
  readonly task: string;
  readonly done: number;
  readonly total: number;
  /** What `done` and `total` count: "samples", "tensors". */
  readonly unit: string;
}

/** How a job reports and is stopped. Jobs call `signal.throwIfAborted()` between steps. */
export interface JobContext {
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

/** A bad input, said in one sentence that names the thing and the way out. Its message is shown as it is. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Something a person should know but that stops nothing. `subject` names the tensor, layer or file. */
export interface Notice {
  readonly kind: "warning" | "info";
  readonly subject: string;
  readonly message: string;
}
