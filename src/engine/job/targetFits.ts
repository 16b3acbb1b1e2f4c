import type { Recipe } from "../model/recipe.ts";
import { TARGET_NAMES } from "../model/target.ts";
import type { LayerFate, TargetFit } from "../model/targetFit.ts";
import { fatesOf } from "../plan/fates.ts";
import { withTarget } from "../recipe/edits.ts";
import { defaultRecipe, type PreparedModel, planModel } from "./open.ts";

/** How a model fits every target, each with what choosing it sets. Nothing is run; what samples would decide is left open. */
export function targetFits(model: PreparedModel): TargetFit[] {
  const start: Recipe = defaultRecipe(model);
  return TARGET_NAMES.map((target) => {
    const layers = fatesOf(planModel(model, withTarget(start, target)), model.types);
    return { target, operators: byOperator(layers), layers };
  });
}

function byOperator(layers: readonly LayerFate[]): TargetFit["operators"] {
  const operators = new Map<string, Record<string, number>>();
  for (const { operator, fate } of layers) {
    const fates = operators.get(operator) ?? {};
    fates[fate] = (fates[fate] ?? 0) + 1;
    operators.set(operator, fates);
  }
  return [...operators].map(([operator, fates]) => ({ operator, fates }));
}
