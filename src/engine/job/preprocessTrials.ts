import type { Candidate } from "../data/candidates.ts";
import { areProbabilities, firstScores, logProbability } from "../evaluation/scores.ts";
import { widened } from "../evaluation/widened.ts";
import type { Sample } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { LabelShift, PreprocessFinding } from "../model/preprocessFinding.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { argmax } from "../numerics/classScores.ts";
import { judgePreprocess, type Scored } from "./judgePreprocess.ts";
import { refusal } from "./session.ts";

/** What is added to labels, and the classes that there must be for it. */
export interface AllowedShift {
  readonly shift: LabelShift;
  readonly classes: number;
}

interface Running {
  readonly candidate: Candidate;
  readonly answers: number[];
  readonly scores: ReadonlyMap<LabelShift, number[]>;
}

/** Runs the float model on samples under each candidate, and keeps how likely it holds what they are labelled with. */
export class PreprocessTrials {
  readonly #session: Session;
  readonly #shifts: readonly AllowedShift[];
  #running: readonly Running[];
  readonly #labels: (number | null)[] = [];
  #output: string | null = null;
  #probabilities: boolean | null = null;
  #classes = 0;

  constructor(session: Session, candidates: readonly Candidate[], shifts: readonly AllowedShift[]) {
    this.#session = session;
    this.#shifts = shifts;
    this.#running = candidates.map((candidate) => ({
      candidate,
      answers: [],
      scores: new Map(shifts.map(({ shift }) => [shift, []])),
    }));
  }

  get preprocesses(): readonly (Preprocess | null)[] {
    return this.#running.map(({ candidate }) => candidate.preprocess);
  }

  /**
   * `variants` go with `preprocesses`; the sample is passed over where it does not suit the one in use. Without a label the
   * likeliest class counts. False where the model gives no class scores. Throws InputError when it does not run as it is.
   */
  async add(variants: readonly (Sample | null)[], label: number | null, signal: AbortSignal): Promise<boolean> {
    const [own] = variants;
    if (!own) return true;
    const rows: Float32Array[] = [];
    const running: Running[] = [];
    for (const [i, trial] of this.#running.entries()) {
      const sample = variants[i];
      if (!sample) continue;
      signal.throwIfAborted();
      const outputs = await this.#run(sample, sample === own);
      if (!outputs) continue;
      const found = firstScores(outputs);
      if (!found) return false;
      this.#output = found.name;
      rows.push(found.scores);
      running.push(trial);
    }
    this.#running = running;
    this.#probabilities ??= rows.every(areProbabilities);
    this.#classes = rows[0]!.length;
    this.#labels.push(label);
    for (const [i, { answers, scores }] of running.entries()) {
      const row = rows[i]!;
      const answer = argmax(row);
      answers.push(answer);
      for (const [shift, list] of scores) {
        list.push(logProbability(row, label === null ? answer : label + shift, this.#probabilities));
      }
    }
    return true;
  }

  /** Null where the model does not run on a sample that is preprocessed otherwise. */
  async #run({ feeds, source }: Sample, isOwn: boolean): Promise<TensorMap | null> {
    try {
      return widened(await this.#session.run(feeds, this.#output === null ? undefined : [this.#output]));
    } catch (error) {
      const refused = refusal(error, `The float model does not run on ${source}`);
      if (isOwn || !(refused instanceof InputError)) throw refused;
      return null;
    }
  }

  result(): PreprocessFinding | null {
    const shifts = this.#shifts.filter(({ classes }) => classes <= this.#classes).map(({ shift }) => shift);
    if (this.#labels.length === 0 || shifts.length === 0) return null;
    const scored = this.#running.map(
      ({ candidate, answers, scores }): Scored => ({
        ...candidate,
        answers,
        scores: new Map([...scores].filter(([shift]) => shift === 0 || shifts.includes(shift))),
      }),
    );
    const labels = this.#labels.filter((label) => label !== null);
    return judgePreprocess(scored, labels.length > 0 ? labels : null);
  }
}
