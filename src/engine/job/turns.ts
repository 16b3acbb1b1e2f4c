import { InputError } from "../model/job.ts";

/** Who may use the runtime: one job at a time, and beside jobs at most one probe, which gives way to everything newer. */
export class Turns {
  #job: AbortController | null = null;
  #probe: { readonly controller: AbortController; readonly ended: Promise<unknown> } | null = null;

  /** Ends the probe there is, waits until it has let go of the runtime, and runs. Throws InputError while another job runs. */
  async job<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#job) throw new InputError("Another job is running; wait for it or cancel it.");
    const controller = new AbortController();
    this.#job = controller;
    try {
      this.#probe?.controller.abort();
      await this.#probe?.ended;
      return await work(controller.signal);
    } finally {
      this.#job = null;
    }
  }

  /** Runs in the place of an older probe. Rejects with AbortError when a job runs, or a job or newer probe starts before the end. */
  async probe<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const older = this.#probe;
    older?.controller.abort();
    if (this.#job) controller.abort();
    const answer = (async () => {
      await older?.ended;
      controller.signal.throwIfAborted();
      const result = await work(controller.signal);
      controller.signal.throwIfAborted();
      return result;
    })();
    const probe = { controller, ended: answer.catch(() => undefined) };
    this.#probe = probe;
    try {
      return await answer;
    } finally {
      if (this.#probe === probe) this.#probe = null;
    }
  }

  /** Ends the running job. */
  cancel(): void {
    this.#job?.abort();
  }
}
