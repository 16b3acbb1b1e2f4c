import type { Suggestion } from "../../engine/model/culprit.ts";
import { type Finding, remedyWords } from "../../engine/model/diagnosis.ts";
import type { Range } from "../../engine/model/range.ts";
import { withRemedy } from "../../engine/recipe/remedies.ts";
import { analyseGroup } from "./estimates.ts";
import { alarmFor } from "./log.ts";
import { takeStep } from "./remedySteps.ts";
import { isAdopted, takeLearnedRounding } from "./rounding.ts";
import { actions, studio } from "./store.ts";

/** Does what a finding suggests, as one step of undo. */
export async function applyRemedy(finding: Finding): Promise<void> {
  if (finding.remedy && (await applySuggestion(finding.remedy, finding.layer))) actions.remedyApplied(finding);
}

/** Does what is suggested for a layer, or with null for all, as one step of undo. Whether it could. */
export async function applySuggestion({ edit }: Suggestion, layer: string | null): Promise<boolean> {
  const { recipe } = studio.getState().project;
  if (!recipe) return false;
  if (edit.kind === "rounding") {
    await takeLearnedRounding();
    return isAdopted(studio.getState());
  }
  let range: Range | null = null;
  if (edit.kind === "method") {
    const { group, method } = edit;
    try {
      const { marks } = await analyseGroup(group, recipe.present, null);
      range = marks.find((mark) => mark.method === method)?.figures.range ?? null;
    } catch (error) {
      alarmFor(error, "Changing the method");
      return false;
    }
  }
  takeStep(remedyWords(edit), layer, (before) => withRemedy(before, edit, range));
  return true;
}
