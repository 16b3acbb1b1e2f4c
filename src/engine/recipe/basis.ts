import type { Calibration } from "../model/calibration.ts";
import type { Recipe } from "../model/recipe.ts";
import { DERIVATIONS, type Derived, type Origin } from "./derivations.ts";
import { digestOf } from "./digest.ts";
import { LEARNED, type Learned, SETTINGS, type Setting, type SettingValues } from "./settings.ts";
import { sameValue, textOf } from "./text.ts";

/**
 * What a result was made of: the settings as they were, what was learned by its digest, and the samples. When one of them
 * is another, the result is stale.
 */
export interface Basis extends Partial<SettingValues>, Partial<Readonly<Record<Learned, string | null>>> {
  /** Tells files of samples from others. */
  readonly data?: string | null;
  readonly samples?: number | null;
  /** The basis of the evaluation that went into it. */
  readonly evaluation?: Basis | null;
}

/** What there is to make a basis of. Null is what is not at hand, or not known. */
export interface Present {
  readonly recipe: Recipe | null;
  readonly data?: string | null;
  readonly samples?: number | null;
  readonly evaluation?: Basis | null;
}

/** What something derived now is made of. */
export function basisOf(derived: Derived, { recipe, ...outside }: Present): Basis {
  const values = recipe ? valuesOf(recipe) : {};
  const all: Basis = { ...values, ...outside };
  return Object.fromEntries(leavesOf(derived).map((origin) => [origin, all[origin as keyof Basis] ?? null])) as Basis;
}

/**
 * What is another now than in a basis. Samples that are not at hand, or that the basis does not know, are not told apart.
 */
export function differing(derived: Derived, basis: Basis, present: Present): readonly Origin[] {
  const before = textsOf(basis);
  const held = present.recipe && textsOf(valuesOf(present.recipe));
  const now = (origin: Origin) =>
    origin === "data" || origin === "samples" || origin === "evaluation"
      ? textOf(present[origin] ?? null)
      : (held?.get(origin) ?? NOTHING);
  const gone = (present.data ?? null) === null;
  const unknown = new Set<Origin>([
    ...(gone ? (["data", "samples"] as const) : []),
    ...((basis.data ?? null) === null ? (["data"] as const) : []),
  ]);
  return leavesOf(derived).filter((origin) => !unknown.has(origin) && (before.get(origin) ?? NOTHING) !== now(origin));
}

/** Whether what was made on a basis still holds; without a recipe nothing does. */
export function isCurrent(derived: Derived, basis: Basis, present: Present): boolean {
  return present.recipe !== null && differing(derived, basis, present).length === 0;
}

/** Whether two recipes choose the same, whatever was learned for them. */
export function sameSettings(a: Recipe, b: Recipe): boolean {
  return isCurrent("search", basisOf("search", { recipe: a }), { recipe: b });
}

/** Whether two recipes give the same bytes for the same reasons: settings and all that was learned. */
export function sameRecipe(a: Recipe, b: Recipe): boolean {
  return a === b || isCurrent("bytes", basisOf("bytes", { recipe: a }), { recipe: b });
}

/** Whether a calibration saw samples as a recipe has them; one without preprocessing takes them as they were given. */
export function isPreprocessedFor(
  { preprocess }: Pick<Recipe, "preprocess">,
  calibration: Pick<Calibration, "preprocess">,
): boolean {
  return preprocess === null || sameValue(preprocess, calibration.preprocess);
}

/** Whether two recipes quantize the same things in the same groups, and name the same groups. */
export function samePlan(a: Recipe, b: Recipe): boolean {
  const named = ({ methods, ranges }: Recipe) => [methods, ranges].map((record) => Object.keys(record).sort());
  return isCurrent("plan", basisOf("plan", { recipe: a }), { recipe: b }) && sameValue(named(a), named(b));
}

const leaves = new Map<Derived, readonly Origin[]>();

/** The origins by whose values a basis is told: those that a recipe holds or that come from outside. */
export function leavesOf(derived: Derived): readonly Origin[] {
  const known = leaves.get(derived);
  if (known) return known;
  const found = DERIVATIONS[derived].from.flatMap((origin): readonly Origin[] =>
    origin === "bytes" || origin === "statistics" ? leavesOf(origin) : [origin],
  );
  leaves.set(derived, found);
  return found;
}

type RecipeValues = SettingValues & Readonly<Record<Learned, string | null>>;

const known = new WeakMap<Recipe, RecipeValues>();

function valuesOf(recipe: Recipe): RecipeValues {
  const before = known.get(recipe);
  if (before) return before;
  const settings = (Object.keys(SETTINGS) as Setting[]).map((name) => [name, SETTINGS[name](recipe)]);
  const learned = LEARNED.map((part) => [part, recipe[part] && digestOf(recipe[part])]);
  const values = Object.fromEntries([...settings, ...learned]) as RecipeValues;
  known.set(recipe, values);
  return values;
}

const NOTHING = textOf(null);
const texts = new WeakMap<object, ReadonlyMap<string, string>>();

/** Worked out once for a basis, and for the values of a recipe: marks of what is stale are asked for at every change. */
function textsOf(basis: Basis): ReadonlyMap<string, string> {
  const before = texts.get(basis);
  if (before) return before;
  const found = new Map(Object.entries(basis).map(([origin, value]) => [origin, textOf(value ?? null)]));
  texts.set(basis, found);
  return found;
}
