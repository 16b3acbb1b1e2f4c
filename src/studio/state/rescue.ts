import type { TunePoint, TuneRequest, Tuning } from "../../engine/model/tuning.ts";
import { unlearned } from "../../engine/recipe/change.ts";
import { plural } from "../../engine/values/figures.ts";
import { evaluate } from "./evaluate.ts";
import { say } from "./log.ts";
import { takeStep } from "./remedySteps.ts";
import type { Gain } from "./slices/results.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";
import { runSearch } from "./tune.ts";

export const RESCUING = "Rescue";

/** What Rescue is asked: the limit of the verdict, on the samples that calibrate alone, so that others judge what it finds. */
export function rescueRequest({ project: { data, samples }, view: { limit } }: StudioState): TuneRequest | null {
  if (!data) return null;
  return {
    samples: Math.min(samples, data.summary.samples),
    limit: { kind: "drop", share: limit },
    ...{ goal: "size", budget: null, rescue: true },
  };
}

/**
 * Takes what the culprits recommend, in the order that was measured, until the limit is kept, each as one step of undo; what comes of it is
 * evaluated on the samples that neither taught nor chose. Stopped, it takes the steps that were found until then.
 */
export async function rescue(): Promise<void> {
  actions.tuneViewOpened("culprits");
  const { model } = studio.getState().project;
  const found = await runSearch(RESCUING, rescueRequest(studio.getState()));
  const state = studio.getState();
  if (!found || state.project.model?.file !== model?.file) return;
  const steps = acceptedSteps(found);
  for (const [before, point] of steps)
    takeStep(point.label, null, () => unlearned(point.recipe), gainOf(before, point, found));
  say("info", outcomeOf(found, steps.length));
  if (found.ended === "cancelled" || steps.length === 0) return;
  await evaluate();
}

/** The points that led to the best one, each with the one that it was made at. */
export function acceptedSteps({
  points,
  best,
}: Pick<Tuning, "points" | "best">): readonly (readonly [TunePoint, TunePoint])[] {
  const { decisions } = points[best]!;
  const text = JSON.stringify;
  const path = points
    .filter((point) => text(point.decisions) === text(decisions.slice(0, point.decisions.length)))
    .sort((a, b) => a.decisions.length - b.decisions.length);
  return path.slice(1).map((point, at) => [path[at]!, point]);
}

/** What a step gained on the samples that judged. */
export function gainOf(before: TunePoint, after: TunePoint, { split, judged }: Tuning): Gain {
  const [from, to] = split.judgement;
  return {
    sqnr: [before.sqnr, after.sqnr],
    drop: before.top1 && after.top1 ? [before.top1.drop, after.top1.drop] : null,
    samples: judged.samples,
    on: `samples ${from + 1} to ${to}, which taught nothing`,
  };
}

function outcomeOf({ chosen, ended, points }: Tuning, steps: number): string {
  const taken = plural(steps, "step");
  if (ended === "cancelled") return `Rescue was stopped: ${taken} taken, each can be undone.`;
  if (chosen === null)
    return `Rescue tried ${plural(points.length, "point")}, and none keeps the limit: ${taken} taken to the nearest.`;
  if (steps > 0) return `Rescue took ${taken}: the limit is kept on the samples that judged it. Others judge it now.`;
  return "Rescue has nothing to do: on the samples that calibrate the limit is kept. Let more of them calibrate to see what the others show.";
}
