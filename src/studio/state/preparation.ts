import type { Recipe } from "../../engine/model/recipe.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { preparedFor } from "../../engine/recipe/preparation.ts";
import { alarmFor, sayNotices } from "./log.ts";

/**
 * A recipe that was stored or comes from a file, for the open model as it is prepared today; what it has to leave behind for
 * that is said. Null, and said, where it is of a newer Octet. `doing` is what it was wanted for.
 */
export function preparedHere(recipe: Recipe, { generation }: ModelSummary, doing: string): Recipe | null {
  try {
    const prepared = preparedFor(recipe, generation);
    sayNotices(prepared.notices);
    return prepared.recipe;
  } catch (error) {
    alarmFor(error, doing);
    return null;
  }
}
