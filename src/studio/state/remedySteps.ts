import type { Probe } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { sameRecipe, sameSettings } from "../../engine/recipe/basis.ts";
import { plural } from "../../engine/values/figures.ts";
import type { History } from "./history.ts";
import { probeOf } from "./probe.ts";
import { editRecipe } from "./recipe.ts";
import type { Gain, Probed, RemedyStep } from "./slices/results.ts";
import { actions, studio } from "./store.ts";

/** Edits the recipe as one step of undo that is listed with what it gains; `gain` where that was measured already. */
export function takeStep(
  label: string,
  layer: string | null,
  change: (recipe: Recipe) => Recipe,
  gain: Gain | null = null,
): void {
  const { recipe } = studio.getState().project;
  if (!recipe) return;
  const before = recipe.present;
  const depth = recipe.past.length;
  const after = change(before);
  if (sameRecipe(after, before)) return;
  editRecipe(`remedy ${depth} ${label}`, () => after);
  actions.remedyTaken({ label, layer, depth, before, after, gain });
}

/** The steps that are in the recipe of the moment: those undone, or that other edits took the place of, are left out. */
export function standingSteps(
  steps: readonly RemedyStep[],
  recipe: Pick<History<Recipe>, "past" | "present"> | null,
): readonly RemedyStep[] {
  if (!recipe) return [];
  const values = [...recipe.past, recipe.present];
  return steps.filter(({ depth, before, after }) => {
    const [from, to] = [values[depth], values[depth + 1]];
    return from !== undefined && to !== undefined && sameSettings(from, before) && sameSettings(to, after);
  });
}

/** Whether a step is the last edit, so that undoing takes back it alone. */
export function isLast({ depth }: RemedyStep, recipe: Pick<History<Recipe>, "past"> | null): boolean {
  return recipe?.past.length === depth + 1;
}

/** Measures what the last step gained once its recipe is measured, if no gain is known. Returns how to stop it. */
export function startGains(): () => void {
  return studio.subscribe(({ results, project }, before) => {
    const { probed } = results;
    if (!probed || probed === before.results.probed) return;
    const step = standingSteps(results.remedySteps, project.recipe).at(-1);
    if (!step || step.gain || !isLast(step, project.recipe) || !sameSettings(probed.recipe, step.after)) return;
    void measureGain(step, probed, before.results.probed);
  });
}

async function measureGain(step: RemedyStep, after: Probed, last: Probed | null): Promise<void> {
  const isOfBefore =
    last !== null &&
    sameSettings(last.recipe, step.before) &&
    last.basis.data === after.basis.data &&
    last.basis.samples === after.basis.samples;
  const before = isOfBefore ? last.result : await probeOf(step.before);
  if (!before || before.samples !== after.result.samples) return;
  actions.gainMeasured(step, gainOf(before, after.result));
}

function gainOf(before: Probe, after: Probe): Gain {
  const pair = (from: number | null, to: number | null) =>
    from === null || to === null ? null : ([from, to] as const);
  return {
    sqnr: pair(before.sqnr, after.sqnr),
    drop: pair(before.drop, after.drop),
    samples: after.samples,
    on: `${plural(after.samples, "sample")} that did not calibrate`,
  };
}
