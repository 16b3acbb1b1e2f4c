const SLICE_MS = 50;

/** Lets messages in between slices of work, an abort among them. */
export class Pause {
  readonly #signal: AbortSignal;
  #since = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Waits for a turn of the event loop once a slice is over. Rejects with the signal's reason when it is aborted. */
  async rest(): Promise<void> {
    if (performance.now() - this.#since < SLICE_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#signal.throwIfAborted();
    this.#since = performance.now();
  }
}
