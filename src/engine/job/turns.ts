import { InputError } from "../model/job.ts";

/** What is asked while no job runs. */
export type ProbeKind = "change" | "prediction" | "preprocessing";

interface Probe {
  readonly controller: AbortController;
  readonly ended: Promise<unknown>;
}

/** Who may use the runtime: one job at a time, and beside jobs at most one probe of each kind, which gives way to a newer one and to jobs. */
export class Turns {
  #job: AbortController | null = null;
  readonly #probes = new Map<ProbeKind, Probe>();

  /** Ends the probes there are, waits until they have let go of the runtime, and runs. Throws InputError while another job runs. */
  async job<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#job) throw new InputError("Another job is running; wait for it or cancel it.");
    const controller = new AbortController();
    this.#job = controller;
    try {
      const probes = [...this.#probes.values()];
      for (const { controller: probe } of probes) probe.abort();
      await Promise.all(probes.map(({ ended }) => ended));
      return await work(controller.signal);
    } finally {
      this.#job = null;
    }
  }

  /** Runs in the place of an older probe of its kind. Rejects with AbortError when a job runs, or a job or newer one starts before the end. */
  async probe<T>(kind: ProbeKind, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const older = this.#probes.get(kind);
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
    this.#probes.set(kind, probe);
    try {
      return await answer;
    } finally {
      if (this.#probes.get(kind) === probe) this.#probes.delete(kind);
    }
  }

  /** Ends the running job. */
  cancel(): void {
    this.#job?.abort();
  }
}
