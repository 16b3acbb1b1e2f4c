import type { PlanPart, RangePart, SamplesPart, ValuesPart, WeightPart } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";

/*
 * What the workers are asked with. They are asked with every frame of a drag and every edit, and a recipe with learned
 * rounding is megabytes, so they get what they read of it and no more.
 */

export function rangePart({ activations, method, methods, ranges }: Recipe): RangePart {
  return { activations, method, methods, ranges };
}

export function rangePartOf(group: string, recipe: Recipe): RangePart {
  const { activations, method, methods, ranges } = recipe;
  return { activations, method, methods: entries(methods, [group]), ranges: entries(ranges, [group]) };
}

export function planPart(recipe: Recipe): PlanPart {
  const { target, format, activations, float, weights } = recipe;
  const { elementwise, unjoined, spared, ranges, methods } = recipe;
  const chosen = {
    ...scaling(recipe),
    target,
    format,
    activations,
    ...wideOf(recipe),
    ...endsOf(recipe),
    float,
    weights,
  };
  return { ...chosen, elementwise, unjoined, spared, ranges, methods };
}

/** `layers` are those that read the weight. */
export function weightPart(layers: readonly string[], recipe: Recipe): WeightPart {
  const { target, format, float, weights, elementwise, unjoined, spared } = recipe;
  const { activations, resolved } = recipe;
  const rounding = recipe.rounding && entries(recipe.rounding, layers);
  return {
    ...scaling(recipe),
    target,
    format,
    ...wideOf(recipe),
    float,
    weights,
    elementwise,
    unjoined,
    spared,
    activations,
    resolved,
    rounding,
    ...(recipe.codes && { codes: entries(recipe.codes, layers) }),
  };
}

export function valuesPart(recipe: Recipe): ValuesPart {
  const { preprocess, seed } = recipe;
  return { ...scaling(recipe), preprocess, seed };
}

/** How channels are scaled before anything is quantized. */
function scaling({ corrections, factors, smoothed, inputScales }: Recipe) {
  return { corrections, factors, ...(smoothed && { smoothed }), ...(inputScales && { inputScales }) };
}

function wideOf({ wide }: Recipe): Pick<Recipe, "wide"> {
  return wide ? { wide } : {};
}

function endsOf({ ends }: Recipe): Pick<Recipe, "ends"> {
  return ends ? { ends } : {};
}

export function samplesPart({ preprocess, seed }: Pick<Recipe, "preprocess" | "seed">): SamplesPart {
  return { preprocess, seed };
}

function entries<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}
