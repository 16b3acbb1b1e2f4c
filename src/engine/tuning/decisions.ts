import type { Recipe } from "../model/recipe.ts";
import type { Decision } from "../model/tuning.ts";
import { withCorrections, withFloat, withLayerType } from "../recipe/edits.ts";
import { withLayerForm } from "../recipe/layerForms.ts";
import { withRemedy } from "../recipe/remedies.ts";

/**
 * The recipe that decisions, in their order, make of the one tuning began with. What they leave of what was learned is
 * read from the table of derivations: settling the result on the samples that taught the original gives the recipe of the
 * point that made them.
 */
export function applyDecisions(recipe: Recipe, decisions: readonly Decision[]): Recipe {
  return decisions.reduce(applyDecision, recipe);
}

function applyDecision(recipe: Recipe, decision: Decision): Recipe {
  if (decision.kind === "corrections") return withCorrections(recipe, decision.corrections);
  if (decision.kind === "remedy") return withRemedy(recipe, decision.remedy);
  if (decision.kind === "weights") return withLayerType(recipe, decision.layers, decision.type);
  if (decision.kind === "form") return withLayerForm(recipe, decision.layers, decision.form);
  return withFloat(recipe, "layers", decision.layers, decision.kind === "float");
}
