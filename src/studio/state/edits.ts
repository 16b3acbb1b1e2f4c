import type { Calibration } from "../../engine/model/calibration.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { ActivationScheme, Method, Range } from "../../engine/model/range.ts";
import type { Corrections, MethodChoice, Recipe, WeightScheme } from "../../engine/model/recipe.ts";
import { rangeWithin } from "../../engine/values/clamp.ts";

/*
 * Edits of a recipe. Those that concern one range settle it in `resolved` as well; those that concern more
 * leave `resolved` null, and the engine settles it again. So it is with `factors`, `biases` and `rounding`: null is learned anew. A
 * moved range leaves biases and `rounding` as they were learned.
 */

export const UINT8: ActivationScheme = { type: "uint8", symmetric: false };
export const INT8: ActivationScheme = { type: "int8", symmetric: true };

/** Null leaves every activation in float. */
export function withActivations(recipe: Recipe, activations: ActivationScheme | null): Recipe {
  return {
    ...recipe,
    activations: activations ?? recipe.activations,
    float: { ...recipe.float, activations: activations === null },
    resolved: null,
    biases: null,
    rounding: null,
  };
}

export function withGranularity(recipe: Recipe, granularity: WeightScheme["granularity"]): Recipe {
  return { ...recipe, weights: { ...recipe.weights, granularity }, biases: null, rounding: null };
}

/** Another type quantizes other layers, too. */
export function withWeightType(recipe: Recipe, type: WeightScheme["type"]): Recipe {
  return { ...recipe, weights: { ...recipe.weights, type }, resolved: null, biases: null, rounding: null };
}

/** Rounds weights to nearest, or as learned: null where that is not done yet. */
export function withRounding(recipe: Recipe, kind: WeightScheme["rounding"], rounding: Recipe["rounding"]): Recipe {
  return { ...recipe, weights: { ...recipe.weights, rounding: kind }, rounding, biases: null };
}

/** Equalization changes what every tensor holds; bias correction changes nothing else. */
export function withCorrections(recipe: Recipe, change: Partial<Corrections>): Recipe {
  const corrections = { ...recipe.corrections, ...change };
  const same = corrections.equalization === recipe.corrections.equalization;
  const learned = same ? {} : { factors: null, resolved: null, rounding: null };
  return { ...recipe, corrections, ...learned, biases: null };
}

/** One method for every tensor that has none of its own and no range set by hand. */
export function withMethod(recipe: Recipe, method: MethodChoice): Recipe {
  return { ...recipe, method, resolved: null };
}

/** A method for one group, and the range it comes to. */
export function withGroupMethod(recipe: Recipe, group: string, method: Method, range: Range): Recipe {
  return {
    ...recipe,
    methods: { ...recipe.methods, [group]: method },
    ranges: without(recipe.ranges, group),
    resolved: recipe.resolved && { ...recipe.resolved, [group]: range },
  };
}

/** A range set by hand for one group, without what the group's bounds never let through, as the engine settles it. */
export function withGroupRange(recipe: Recipe, group: string, range: Range, bounds: Range | null): Recipe {
  const inside = rangeWithin(range, bounds);
  return {
    ...recipe,
    methods: without(recipe.methods, group),
    ranges: { ...recipe.ranges, [group]: inside },
    resolved: recipe.resolved && { ...recipe.resolved, [group]: inside },
  };
}

/** Gives one group back to the method of all. */
export function withGroupDefault(recipe: Recipe, group: string): Recipe {
  return {
    ...recipe,
    methods: without(recipe.methods, group),
    ranges: without(recipe.ranges, group),
    resolved: null,
  };
}

export function withFloat(
  recipe: Recipe,
  kind: "layers" | "operators" | "tensors",
  name: string,
  inFloat: boolean,
): Recipe {
  const others = recipe.float[kind].filter((entry) => entry !== name);
  return {
    ...recipe,
    float: { ...recipe.float, [kind]: inFloat ? [...others, name] : others },
    resolved: null,
    biases: kind === "layers" && inFloat ? recipe.biases && without(recipe.biases, name) : null,
  };
}

export function withPreprocess(recipe: Recipe, preprocess: Preprocess): Recipe {
  return { ...recipe, preprocess };
}

/** The recipe for samples that were calibrated on elsewhere: what samples preprocessed otherwise have taught is learned anew. */
export function withSamplesOf(recipe: Recipe, { preprocess }: Pick<Calibration, "preprocess">): Recipe {
  const same = JSON.stringify(preprocess) === JSON.stringify(recipe.preprocess);
  const learned = same ? {} : { factors: null, biases: null, rounding: null };
  return { ...recipe, ...learned, preprocess, resolved: null };
}

/** Whether two recipes leave the same things in float, and so share their range groups. */
export function samePlan(a: Recipe, b: Recipe): boolean {
  const key = (recipe: Recipe) =>
    JSON.stringify([recipe.float, recipe.activations, recipe.weights, recipe.factors === null]);
  return key(a) === key(b);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
