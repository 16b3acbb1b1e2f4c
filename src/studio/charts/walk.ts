import type { ErrorWalk, WalkStep } from "../../engine/model/sensitivity.ts";

/** From here on a step counts as one where much is lost: the noise doubles. */
export const MUCH_DB = 3;
const MARKED = 9;

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

/** The steps where much is lost, most first, as many as can be told apart in a chart. */
export function marksOf(walk: ErrorWalk): readonly WalkStep[] {
  return byLoss(walk)
    .filter((step) => lossOf(step)! >= MUCH_DB)
    .slice(0, MARKED);
}
