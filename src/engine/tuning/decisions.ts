import type { Corrections, Recipe } from "../model/recipe.ts";
import type { Decision } from "../model/tuning.ts";

/** What a decision may settle for layers. */
export type LayerPrecision = Exclude<Decision["kind"], "corrections">;

/**
 * The recipe that decisions, in their order, make of the one tuning began with. What was learned under other settings is
 * null again: settling the result on the samples that taught the original gives the recipe of the point that made them.
 */
export function applyDecisions(recipe: Recipe, decisions: readonly Decision[]): Recipe {
  return decisions.reduce(applyDecision, recipe);
}

/** A recipe with nothing in it that was learned from samples. */
export function unlearned(recipe: Recipe): Recipe {
  return { ...recipe, resolved: null, factors: null, biases: null, rounding: null };
}

function applyDecision(recipe: Recipe, decision: Decision): Recipe {
  if (decision.kind === "corrections") return withCorrections(recipe, decision.corrections);
  return withPrecision(recipe, decision.layers, decision.kind);
}

function withCorrections(recipe: Recipe, corrections: Corrections): Recipe {
  const sameModel = corrections.equalization === recipe.corrections.equalization;
  return { ...(sameModel ? recipe : unlearned(recipe)), corrections, biases: null };
}

function withPrecision(recipe: Recipe, layers: readonly string[], precision: LayerPrecision): Recipe {
  const moved = new Set(layers);
  const others = recipe.float.layers.filter((layer) => !moved.has(layer));
  const float = precision === "float" ? [...others, ...moved] : others;
  return { ...recipe, float: { ...recipe.float, layers: float }, resolved: null, biases: null };
}
