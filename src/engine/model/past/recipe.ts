import { isObject } from "../../schema/running.ts";
import { type Json, lacks, memberLacks, type PastShape } from "./shape.ts";

/** What recipes came to mean by saying nothing of it, when they did not say which preparation of a model they are for. */
export const BEFORE_PREPARATIONS = {
  preparation: 1,
  /** Layers without weights were quantized wherever what they read was. */
  elementwise: "join" as const,
  unjoined: null,
  /** Nothing stayed in float for what its scale would lose. */
  spared: {},
  /** Samples were taken in the order of their paths, and nothing was kept that tells them from others. */
  seed: null,
  prints: null,
};

/** What recipes of version 1 were before they had every field of today. */
export const PAST_RECIPES: readonly PastShape[] = [
  {
    // No corrections: weights were quantized as they are.
    is: (recipe) => lacks(recipe, "corrections", "biases") && isBeforeRounding(recipe),
    next: (recipe) => ({ ...recipe, corrections: { equalization: false, bias: "none" }, biases: null }),
  },
  {
    // Corrections, but nowhere to keep what equalization came to.
    is: (recipe) => lacks(recipe, "factors") && isBeforeRounding(recipe),
    next: (recipe) => ({ ...recipe, factors: null }),
  },
  {
    // Every weight rounded to nearest, and activations quantized.
    is: isBeforeRounding,
    next: (recipe) => ({
      ...recipe,
      weights: { ...asObject(recipe.weights), rounding: "nearest" },
      float: { ...asObject(recipe.float), activations: false },
      rounding: null,
    }),
  },
  {
    // One preparation, and nothing of what came with the second.
    is: (recipe) => lacks(recipe, ...Object.keys(BEFORE_PREPARATIONS)) && memberLacks(recipe, "inputs", "state"),
    next: (recipe) => ({
      ...recipe,
      ...BEFORE_PREPARATIONS,
      // No input carried a state.
      inputs: { ...asObject(recipe.inputs), state: {} },
    }),
  },
  {
    // Weights alone were a flag of what stays in float.
    is: ({ float }) => isObject(float) && typeof float.activations === "boolean",
    next: (recipe) => {
      const { activations, ...float } = asObject(recipe.float) as Json;
      return { ...recipe, ...(activations === true && { format: "weights" }), float };
    },
  },
];

/** Exactly so, and not a recipe of today that lacks one of its fields. */
function isBeforeRounding(recipe: Readonly<Record<string, unknown>>): boolean {
  return (
    lacks(recipe, "rounding") &&
    memberLacks(recipe, "weights", "rounding") &&
    memberLacks(recipe, "float", "activations")
  );
}

function asObject(value: unknown) {
  return isObject(value) ? value : {};
}
