import type { Calibrator, Crew } from "../calibration/calibrate.ts";
import type { Execution } from "../model/calibration.ts";
import { type Runtime, WorkerDied } from "../model/runtime.ts";
import { batchToTry, Crews, type Shape, shapesFor } from "./crews.ts";
import type { ObservedModel } from "./observed.ts";

const WARM_UP = 2;
const TRIALS = 3;
const CLEAR_GAIN = 0.9;
/** Sessions are worth opening where what is left takes so many times as long as opening them. */
const WORTH_OPENING = 2;

/**
 * Calibration on the main runtime. It begins on few workers and, while these observe, tries what may be faster on the
 * samples that follow: nothing is run for the trial's sake alone. What a person fixed is obeyed.
 */
export class MainRun {
  readonly #calibrator: Calibrator;
  readonly #crews: Crews;
  readonly #rival: Shape | null;
  readonly #first: Shape;
  readonly #batch: number | null;
  readonly #toTry: number;
  #crew: Crew | null = null;
  #openingMs = 0;
  /** Samples a millisecond of the crew. */
  #rate = 0;

  constructor(runtime: Runtime, model: ObservedModel, execution: Execution, calibrator: Calibrator) {
    this.#calibrator = calibrator;
    this.#crews = new Crews(runtime, model);
    ({ first: this.#first, rival: this.#rival } = shapesFor(runtime, execution, model));
    this.#batch = model.joins ? execution.batch : 1;
    this.#toTry = batchToTry(model);
    if (execution.batch !== null && execution.batch > 1 && !model.joins) {
      const message = `Samples ran one by one and not ${execution.batch} at a time, since the model does not surely take several at once.`;
      calibrator.note({ kind: "warning", subject: "batch", message });
    }
  }

  /** What a sample takes here, by the first few of those that are left. */
  async milliseconds(): Promise<number> {
    await this.#begin();
    return 1 / this.#rate;
  }

  /** Gives memory back until `finish`; nothing that was observed is lost. */
  async rest(): Promise<void> {
    if (!this.#crew) return;
    await this.#calibrator.take(this.#crew);
    await this.#crews.close(this.#crew.sessions);
    this.#crew = null;
  }

  /** Observes every sample that is left, if there is one. */
  async finish(): Promise<void> {
    if (this.#calibrator.left > 0) {
      await this.#begin();
      await this.#tryRival();
      await this.#tryBatch();
    }
    if (this.#crew) await this.#calibrator.run(this.#crew);
  }

  close(): Promise<void> {
    return this.#crews.closeAll();
  }

  async #begin(): Promise<void> {
    if (this.#crew) return;
    const start = performance.now();
    this.#crew = await this.#crews.open(this.#first, this.#batch ?? 1);
    this.#openingMs = performance.now() - start;
    this.#rate = await this.#trial(this.#crew);
  }

  async #tryRival(): Promise<void> {
    const crew = this.#crew!;
    const rival = this.#rival;
    if (!rival || this.#calibrator.left < WORTH_OPENING * this.#openingMs * this.#rate) return;
    const isWider = rival.threads !== crew.threads;
    let ready = false;
    const opening = this.#crews.openSpare(rival, crew.batch, isWider ? 0 : crew.sessions.length).catch(() => null);
    void opening.finally(() => {
      ready = true;
    });
    while (!ready && this.#calibrator.left > 0) {
      this.#rate = Math.max(this.#rate, await this.#calibrator.run(crew, crew.batch));
    }
    if (this.#calibrator.left === 0) return;
    const opened = await opening;
    if (!opened) return;
    const larger = isWider ? opened : { ...crew, sessions: [...crew.sessions, ...opened.sessions] };
    const rate = await this.#trial(larger).catch((error) => {
      if (error instanceof WorkerDied) return 0;
      throw error;
    });
    const wins = CLEAR_GAIN * rate > this.#rate || !this.#calibrator.isAlive(crew);
    const loser = wins ? (isWider ? crew : null) : opened;
    if (loser) {
      await this.#calibrator.take(loser).catch(() => undefined);
      await this.#crews.close(loser.sessions);
    }
    if (wins) [this.#crew, this.#rate] = [larger, rate];
  }

  async #tryBatch(): Promise<void> {
    const single = this.#crew!;
    const size = this.#toTry;
    const needed = size * (WARM_UP + TRIALS) * single.sessions.length;
    const isLong = this.#calibrator.left > WORTH_OPENING * Math.max(needed, this.#openingMs * this.#rate);
    if (this.#batch !== null || size === 1 || !isLong) return;
    await this.#calibrator.take(single);
    const joined = { ...single, batch: size };
    const rate = await this.#trial(joined);
    if (CLEAR_GAIN * rate > this.#rate) [this.#crew, this.#rate] = [joined, rate];
    else await this.#calibrator.take(joined);
  }

  #trial(crew: Crew): Promise<number> {
    return this.#calibrator.run(crew, crew.batch * (WARM_UP + TRIALS));
  }
}
