import type { Calibration } from "../src/engine/model/calibration.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { type Keeping, putLeft } from "./leftCalibrations.ts";
import type { OnProgress } from "./protocol.ts";
import { Standing } from "./standing.ts";

/** What was observed, and the recipe that it is for, where it does not take the place of what was at once. */
interface Seen {
  readonly calibration: Calibration;
  readonly recipe: Recipe | null;
}

/**
 * Sees to it that a calibration is stored: by the page, and by this worker while the page is being left, which may do nothing more.
 * A keeping of null leaves it to the page.
 */
export class Keeper {
  readonly #keeping: Keeping | null;
  readonly #standing: Standing | null;
  #isLeaving = false;
  /** Let go of who waits for the page. */
  readonly #waiting = new Set<() => void>();
  #unstored: Seen | null = null;
  /** When that was seen: what the page has stored since is newer. */
  #seenAt = 0;

  constructor(keeping: Keeping | null, resume: Calibration | null) {
    this.#keeping = keeping;
    this.#standing = keeping?.standing ? new Standing(keeping.standing) : null;
    const known = resume ? samplesOf(resume) : 0;
    this.#standing?.see(known);
    this.#standing?.store(known);
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Notes how far it is, too. */
  watching(onProgress: OnProgress): OnProgress {
    return (progress) => {
      if (progress.task === "Calibrating") this.#standing?.see(progress.done);
      return onProgress(progress);
    };
  }

  /** Resolves once the calibration is stored by the page, which `tell` tells, or here while the page is being left, which may stay. */
  async keep(
    calibration: Calibration,
    tell: (calibration: Calibration) => unknown,
    recipe: Recipe | null = this.#recipe,
  ): Promise<void> {
    if (!this.#keeping) {
      await tell(calibration);
      return;
    }
    const seen = this.#hold({ calibration, recipe });
    const told = Promise.resolve(tell(calibration)).then(() => this.#isStored(seen));
    if (this.#isLeaving) {
      told.catch(() => undefined);
      return this.#store(seen);
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiting.add(resolve);
      told.then(resolve, reject);
    });
    this.#waiting.clear();
  }

  /** What all samples came to, which the page is about to be told. */
  async end(calibration: Calibration): Promise<void> {
    const seen = this.#hold({ calibration, recipe: this.#recipe });
    if (this.#isLeaving) await this.#store(seen);
  }

  /** Whether the page may be left at any moment. */
  async leave(leaving: boolean): Promise<void> {
    if (leaving === this.#isLeaving) return;
    this.#isLeaving = leaving;
    if (!leaving) return;
    for (const letGo of this.#waiting) letGo();
    if (this.#unstored && !this.#isAllStored) await this.#store(this.#unstored);
  }

  get #recipe(): Recipe | null {
    return this.#keeping?.recipe ?? null;
  }

  get #isAllStored(): boolean {
    return this.#standing !== null && this.#standing.stored >= this.#standing.seen;
  }

  #hold(seen: Seen): Seen {
    this.#unstored = seen;
    this.#seenAt = Date.now();
    return seen;
  }

  async #store(seen: Seen): Promise<void> {
    if (!this.#keeping) return;
    const { standing: _, ...known } = this.#keeping;
    // Where nothing can be stored the page has said so, and need not wait.
    await putLeft({ ...known, ...seen, seenAt: this.#seenAt }).catch(() => undefined);
    this.#isStored(seen);
  }

  #isStored(seen: Seen): void {
    this.#standing?.store(Math.max(this.#standing.stored, samplesOf(seen.calibration)));
    if (this.#unstored === seen) this.#unstored = null;
  }
}

function samplesOf({ observed, skipped }: Calibration): number {
  return observed.length + skipped.length;
}
