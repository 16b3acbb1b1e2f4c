import type { Recipe } from "../model/recipe.ts";
import { learnedFrom, noLongerAsked, type Origin } from "./derivations.ts";
import { digestOf } from "./digest.ts";
import { LEARNED, type Learned, SETTINGS, type Setting } from "./settings.ts";
import { sameValue } from "./text.ts";

/** What is chosen in a recipe; `version` and `model` say what it is and is for, `prints` which samples taught it. */
export type Choices = Partial<Omit<Recipe, "version" | "model" | "prints" | Learned>>;
export type LearnedParts = Partial<Pick<Recipe, Learned>>;

/**
 * The recipe with other settings, and without what was derived from those that differ (`DERIVATIONS`). `known` is what the
 * change makes of a part that it settles itself.
 */
export function withSettings(recipe: Recipe, choices: Choices, known: LearnedParts = {}): Recipe {
  const chosen = withoutEmpty({ ...recipe, ...choices });
  const unasked = noLongerAsked(recipe, chosen);
  const stale = staleIn(recipe, changedSettings(recipe, chosen), unasked);
  return withLearned(withoutOptional(without(chosen, stale), unasked), known);
}

/** Of layers in 16 bits beside others nothing is said where there are none, nor of inputs and outputs in float32. */
function withoutEmpty(recipe: Recipe): Recipe {
  const { wide, ends, ...others } = recipe;
  const isEmpty = wide?.length === 0;
  if (!isEmpty && ends !== "float32") return recipe;
  return { ...others, ...(wide && !isEmpty && { wide }), ...(ends && ends !== "float32" && { ends }) };
}

/** The recipe with a part that was derived anew, and without what followed from another. */
export function withLearned(recipe: Recipe, parts: LearnedParts): Recipe {
  const changed = (Object.keys(parts) as Learned[]).filter((part) => digest(recipe[part]) !== digest(parts[part]));
  return withoutVainPrints({ ...without(recipe, staleIn(recipe, changed)), ...parts });
}

/** The recipe without what was derived from these, which have become others. */
export function withOthers(recipe: Recipe, changed: readonly Origin[]): Recipe {
  return withoutVainPrints(without(recipe, staleIn(recipe, changed)));
}

/** A recipe with nothing in it that was derived. */
export function unlearned(recipe: Recipe): Recipe {
  return withoutVainPrints(without(recipe, LEARNED));
}

/** The settings in which two recipes differ. */
export function changedSettings(before: Recipe, after: Recipe): readonly Setting[] {
  return (Object.keys(SETTINGS) as Setting[]).filter(
    (name) => !sameValue(SETTINGS[name](before), SETTINGS[name](after)),
  );
}

const digest = (part: object | null | undefined) =>
  part && digestOf(part as Record<string, unknown> | readonly unknown[]);

/** What a recipe holds that is no longer what it was derived as once these have become others: biases learned with rounding stand with it. */
function staleIn(
  { weights, rounding }: Recipe,
  changed: readonly Origin[],
  unasked: readonly Learned[] = [],
): readonly Learned[] {
  const stale = [...learnedFrom(changed), ...unasked];
  const isKept = weights.rounding === "learned" && rounding !== null && ![...changed, ...stale].includes("rounding");
  return isKept ? stale.filter((part) => part !== "biases") : stale;
}

function without(recipe: Recipe, parts: readonly Learned[]): Recipe {
  const held = parts.filter((part) => (recipe[part] ?? null) !== null);
  return held.length === 0 ? recipe : { ...recipe, ...Object.fromEntries(held.map((part) => [part, null])) };
}

/** What recipes say only where it is asked for. */
const OPTIONAL: ReadonlySet<Learned> = new Set(["inputScales", "codes"]);

function withoutOptional(recipe: Recipe, parts: readonly Learned[]): Recipe {
  const left = new Set<string>(parts.filter((part) => OPTIONAL.has(part) && part in recipe));
  if (left.size === 0) return recipe;
  return Object.fromEntries(Object.entries(recipe).filter(([name]) => !left.has(name))) as Recipe;
}

/** Without the prints of samples where nothing is held that samples can have taught: what is settled and empty is none. */
export function withoutVainPrints(recipe: Recipe): Recipe {
  const isEmpty = LEARNED.every((part) => Object.keys(recipe[part] ?? {}).length === 0);
  return isEmpty && recipe.prints !== null ? { ...recipe, prints: null } : recipe;
}
