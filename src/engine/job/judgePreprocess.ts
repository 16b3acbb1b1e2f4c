import type { Candidate } from "../data/candidates.ts";
import type { LabelShift, PreprocessFinding, PreprocessTrial } from "../model/preprocessFinding.ts";
import { signFlipTest } from "../numerics/signFlip.ts";

/** A candidate, and what the model answers under it, sample by sample. */
export interface Scored extends Candidate {
  /** The likeliest class. */
  readonly answers: readonly number[];
  /** The logarithm of the label's probability under each shift of the labels; 0 is one. */
  readonly scores: ReadonlyMap<LabelShift, readonly number[]>;
}

/** The p-value below which something is said, after Bonferroni for the number of those that might have been best. */
const SIGNIFICANT = 0.01;

/**
 * Ranks candidates, the one in use first among them, by the mean logarithm of the label's probability. Another is better, or
 * labels are off by one, where a paired test says so and the best tells more than how often each label occurs: a model that
 * always gives these shares has the mean -H, H the entropy of the labels, and no constant answer has more. Where every answer
 * is the same, none is better: a larger scale alone makes right answers more likely, and changes nothing. Without labels
 * scores are of the likeliest class, and the test is of the best one alone: a hint may be wrong more often.
 */
export function judgePreprocess(candidates: readonly Scored[], labels: readonly number[] | null): PreprocessFinding {
  const shifts = [...candidates[0]!.scores.keys()];
  const rivals = labels ? Math.max(1, candidates.length - 1) : 1;
  const beats = (scores: readonly number[], others: readonly number[], comparisons: number) =>
    signFlipTest(scores.map((score, i) => score - others[i]!)) * comparisons < SIGNIFICANT;
  const chance = labels?.map(() => -entropy(labels)) ?? null;
  const isTelling = (scores: readonly number[]) => chance === null || beats(scores, chance, rivals);

  const all = candidates.flatMap((candidate) => shifts.map((shift) => ({ candidate, shift })));
  const best = all.reduce((a, b) =>
    mean(scoresOf(b.candidate, b.shift)) > mean(scoresOf(a.candidate, a.shift)) ? b : a,
  );
  const [from, to] = [scoresOf(best.candidate, 0), scoresOf(best.candidate, best.shift)];
  const isShifted = best.shift !== 0 && beats(to, from, candidates.length * shifts.length) && isTelling(to);
  const labelShift = isShifted ? best.shift : 0;

  const trials = candidates
    .map((candidate) => ({ candidate, scores: scoresOf(candidate, labelShift) }))
    .map((trial) => ({ ...trial, mean: mean(trial.scores) }))
    .sort((a, b) => b.mean - a.mean);
  const inUse = trials.find(({ candidate }) => candidate === candidates[0])!;
  const [top, second] = trials;
  const isOther = top!.candidate.answers.some((answer, i) => answer !== inUse.candidate.answers[i]);
  const isBetter = isOther && isTelling(top!.scores) && beats(top!.scores, inUse.scores, rivals);
  return {
    by: labels ? "labels" : "sharpness",
    samples: inUse.scores.length,
    trials: trials.map(trialOf),
    inUse: trialOf(inUse),
    better: isBetter ? trialOf(top!) : null,
    isConfirmed:
      labels !== null &&
      top === inUse &&
      isTelling(inUse.scores) &&
      second !== undefined &&
      beats(inUse.scores, second.scores, rivals),
    labelShift,
    shifted: isShifted ? { from: mean(from), to: mean(to) } : null,
  };
}

function trialOf({
  candidate,
  mean: logProbability,
}: {
  readonly candidate: Scored;
  readonly mean: number;
}): PreprocessTrial {
  return { preprocess: candidate.preprocess, preset: candidate.preset, logProbability };
}

function scoresOf({ scores }: Scored, shift: LabelShift): readonly number[] {
  return scores.get(shift)!;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of how often each label occurs, in nats. */
function entropy(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / labels.length) * Math.log(count / labels.length),
    0,
  );
}
