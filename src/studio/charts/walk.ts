import type { ErrorWalk, WalkStep } from "../../engine/model/sensitivity.ts";

/** From here on a step counts as one where much is lost: the noise doubles. */
export const MUCH_DB = 3;
const MARKED = 9;

export interface Marked {
  readonly step: WalkStep;
  readonly place: number;
}

/** How many decibels a step loses against the worst tensor it reads; null at the start and where neither has an error. */
export function lossOf({ sqnr, inputSqnr }: WalkStep): number | null {
  const loss = (inputSqnr ?? Number.NaN) - sqnr;
  return Number.isNaN(loss) ? null : loss;
}

/** The steps that lose anything, most first. */
export function byLoss({ steps }: ErrorWalk): readonly WalkStep[] {
  const losing = steps.filter((step) => (lossOf(step) ?? 0) > 0);
  return losing.sort((a, b) => {
    const [left, right] = [lossOf(a)!, lossOf(b)!];
    return left === right ? 0 : right > left ? 1 : -1;
  });
}

/** The steps of culprits in the order of their one list, each with its place in it from 1 on. */
export function byCulprit({ steps }: ErrorWalk, culprits: readonly string[]): readonly Marked[] {
  const known = new Map(steps.map((step) => [step.layer, step]));
  return culprits.flatMap((layer, at) => {
    const step = known.get(layer);
    return step ? [{ step, place: at + 1 }] : [];
  });
}

/**
 * The steps to mark, with their numbers, as many as can be told apart in a chart: culprits by their place in the one list, or where there
 * is no such list (null) the steps where much is lost, most first.
 */
export function marksOf(walk: ErrorWalk, culprits: readonly string[] | null): readonly Marked[] {
  if (culprits) return byCulprit(walk, culprits).slice(0, MARKED);
  const much = byLoss(walk).filter((step) => lossOf(step)! >= MUCH_DB);
  return much.slice(0, MARKED).map((step, at) => ({ step, place: at + 1 }));
}
