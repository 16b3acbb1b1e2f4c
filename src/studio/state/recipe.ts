import type { Calibration } from "../../../workers/protocol.ts";
import type { Method, Range } from "../../engine/model/range.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { withFloat, withGroupMethod, withGroupRange } from "./edits.ts";
import * as history from "./history.ts";
import { runJob } from "./jobs.ts";
import { groupOf, rowOf } from "./selection.ts";
import { studio } from "./store.ts";

/** Edits the recipe as one step of undo; `label` names the edit. */
export function editRecipe(label: string, change: (recipe: Recipe) => Recipe): void {
  studio.setState(({ recipe }) => {
    if (!recipe) return {};
    const present = change(recipe.present);
    if (JSON.stringify(present) === JSON.stringify(recipe.present)) return {};
    return { recipe: history.edit(recipe, present, label, Date.now()) };
  });
}

export function undo(): void {
  studio.setState(({ recipe }) => ({ recipe: recipe && history.undo(recipe) }));
}

export function redo(): void {
  studio.setState(({ recipe }) => ({ recipe: recipe && history.redo(recipe) }));
}

export function adoptMethod(group: string, method: Method, range: Range): void {
  editRecipe(`method ${group}`, (recipe) => withGroupMethod(recipe, group, method, range));
}

export function setRange(group: string, range: Range): void {
  editRecipe(`range ${group}`, (recipe) => withGroupRange(recipe, group, range));
}

/** Takes the selected layer to int8 or float, where the choice is the person's. */
export function setPrecision(layerId: string, precision: "int8" | "float32"): void {
  editRecipe(`precision ${layerId}`, (recipe) => withFloat(recipe, "layers", layerId, precision === "float32"));
}

/** The selected layer and the group of its output. */
export function selected() {
  const state = studio.getState();
  const row = rowOf(state);
  return { row, group: groupOf(state) };
}

/** Lets the engine settle every range; null when it was cancelled or failed. */
export async function resolveRecipe(calibration: Calibration): Promise<Recipe | null> {
  const wanted = studio.getState().recipe?.present;
  if (!wanted) return null;
  if (wanted.resolved) return wanted;
  const resolved = await runJob({
    task: "Choosing ranges",
    on: wanted.model.name,
    run: (api, report) => api.resolve(wanted, calibration, report),
  });
  const { recipe } = studio.getState();
  if (!resolved || recipe?.present !== wanted) return null;
  studio.setState({ recipe: history.amend(recipe, resolved) });
  return resolved;
}
