/**
 * The time until something ends, such as a worker, and what is asked of it meanwhile. It lets go of every answer: a
 * Promise.race with one promise of the end would hold all answers, and the tensors in them, for as long as it waits.
 */
export class Lifetime {
  readonly #pending = new Set<(reason: unknown) => void>();
  #ended: { readonly reason: unknown } | null = null;

  /** Ends it, once: what is pending, and all that is asked from now on, rejects with `reason`. */
  end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const reject of this.#pending) reject(this.#ended.reason);
  }

  /** Asks, unless it has ended. Settles as the answer does, or rejects with the reason where the end comes first. */
  async within<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#ended) throw this.#ended.reason;
    let stop: (reason: unknown) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = reject;
    });
    this.#pending.add(stop);
    try {
      return await Promise.race([ask(), ended]);
    } finally {
      this.#pending.delete(stop);
    }
  }
}
