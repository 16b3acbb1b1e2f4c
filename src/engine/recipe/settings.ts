import { inPairs, takesRanges } from "../model/format.ts";
import type { Recipe } from "../model/recipe.ts";
import { DEFAULT_TARGET } from "../model/target.ts";

const sorted = (names: readonly string[]): readonly string[] => [...names].sort();

/** What activations and weights become, in words. */
function codesOf(recipe: Recipe): string {
  const { type, symmetric, scales = "free" } = recipe.activations;
  const activations = takesRanges(recipe) ? [type, symmetric ? "symmetric" : "asymmetric", scales] : ["at run time"];
  const { weights } = recipe;
  return [...activations, weights.type, weights.granularity, weights.scales ?? "free"].join(" ");
}

/**
 * What a recipe chooses, and what of the model it is for, by name, and where it stands there. The order of names in a list
 * says nothing.
 */
export const SETTINGS = {
  preparation: ({ preparation }) => preparation,
  /** Null for the one that recipes are for which do not say. */
  target: ({ target = DEFAULT_TARGET }) => (target === DEFAULT_TARGET ? null : target),
  format: (recipe) => inPairs(recipe).format,
  /** Whether it is written on codes, which changes no value; null where not. */
  onCodes: (recipe) => (inPairs(recipe) === recipe ? null : true),
  inputs: ({ inputs }) => inputs,
  preprocess: ({ preprocess }) => preprocess,
  seed: ({ seed }) => seed,
  equalization: ({ corrections }) => corrections.equalization,
  /** The codes that products are searched in; null where it is not asked for, so that these change nothing then. */
  smoothing: (recipe) => (recipe.corrections.smoothing ? codesOf(recipe) : null),
  biasCorrection: ({ corrections }) => corrections.bias,
  /** Null where they get no scales. */
  activations: (recipe) => (takesRanges(recipe) ? recipe.activations : null),
  /** Null where no layer has more bits than all. */
  wide: (recipe) => (takesRanges(recipe) && recipe.wide && recipe.wide.length > 0 ? sorted(recipe.wide) : null),
  float: ({ float }) => ({
    layers: sorted(float.layers),
    operators: sorted(float.operators),
    tensors: sorted(float.tensors),
    ...(float.stored && float.stored.length > 0 && { stored: sorted(float.stored) }),
    ...(float.storedAs && Object.keys(float.storedAs).length > 0 && { storedAs: float.storedAs }),
  }),
  /** Null where they are float32. */
  ends: ({ ends = "float32" }) => (ends === "float32" ? null : ends),
  elementwise: ({ elementwise }) => elementwise,
  weightType: ({ weights }) => weights.type,
  weightLayers: ({ weights: { layers } }) => (layers && Object.keys(layers).length > 0 ? layers : null),
  granularity: ({ weights }) => weights.granularity,
  weightScales: ({ weights }) => weights.scales ?? null,
  roundingKind: ({ weights }) => weights.rounding,
  /** Null where nothing is drawn. */
  roundingSeed: ({ weights }) => (weights.rounding === "stochastic" ? (weights.seed ?? 0) : null),
  weightBlock: ({ weights }) => weights.block ?? null,
  weightOthers: ({ weights }) => weights.others ?? null,
  weightOperator: ({ weights }) => weights.operator ?? null,
  weightAlgorithm: ({ weights }) => weights.algorithm ?? null,
  method: ({ method }) => method,
  methods: ({ methods }) => methods,
  ranges: ({ ranges }) => ranges,
} satisfies Record<string, (recipe: Recipe) => unknown>;

export type Setting = keyof typeof SETTINGS;
export type SettingValues = { readonly [S in Setting]: ReturnType<(typeof SETTINGS)[S]> };

/** What a recipe holds that was derived, in the order in which it is. */
export const LEARNED = [
  "factors",
  "smoothed",
  "unjoined",
  "spared",
  "resolved",
  "rounding",
  "inputScales",
  "codes",
  "biases",
] as const satisfies readonly (keyof Recipe)[];
export type Learned = (typeof LEARNED)[number];
