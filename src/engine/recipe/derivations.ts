import { isTuned, takesRanges } from "../model/format.ts";
import { isSampled, type Recipe } from "../model/recipe.ts";
import { LEARNED, type Learned, SETTINGS, type Setting } from "./settings.ts";

/** What comes from outside: the files of the samples, and how many of them, from the first, calibrate. */
export type Outside = "data" | "samples";

/** All that is derived: parts of a recipe, its plan, what calibration saw, the exported bytes, and what is measured of them. */
export type Derived =
  | Learned
  | "plan"
  | "statistics"
  | "bytes"
  | "evaluation"
  | "probe"
  | "sensitivity"
  | "walk"
  | "search"
  | "exported";

/** What something can be derived from. */
export type Origin = Setting | Outside | Derived;

export interface Derivation {
  /** When one of these becomes another, what was derived is no longer it, and is derived anew. */
  readonly from: readonly Origin[];
  /** What it was derived under, too, but outlives: one range that is moved by hand takes nothing with it that was learned. */
  readonly under: readonly Origin[];
}

const ALL_SETTINGS = Object.keys(SETTINGS) as Setting[];
const OBSERVED = ["inputs", "preprocess", "seed", "data", "samples"] as const;
/** What decides which layers are quantized before it is known what a scale would lose. */
const JOINED = [
  "target",
  "format",
  "factors",
  "smoothed",
  "activations",
  "wide",
  "float",
  "elementwise",
  "unjoined",
  "weightType",
  "weightLayers",
  "weightBlock",
  "weightOthers",
  "weightOperator",
] as const;

/** What decides what is found of weights in blocks. */
const ON_SAMPLES = [
  "preparation",
  "inputs",
  "preprocess",
  "seed",
  "data",
  "target",
  "format",
  "factors",
  "weightType",
  "weightLayers",
  "weightBlock",
  "weightOthers",
  "weightOperator",
  "weightAlgorithm",
] as const;

/**
 * What is derived from what, and the only place that says so: edits, remedies, the search's decisions, settling, the
 * command line and the marks of what is stale read it. Of a new setting it is said here what it touches.
 */
export const DERIVATIONS: Readonly<Record<Derived, Derivation>> = {
  factors: { from: ["preparation", ...OBSERVED, "equalization"], under: [] },
  smoothed: {
    from: ["preparation", ...OBSERVED, "factors", "smoothing"],
    under: ["target", "wide", "float", "elementwise", "weightLayers", "method", "methods", "ranges"],
  },
  unjoined: {
    from: [
      "preparation",
      ...OBSERVED,
      "target",
      "format",
      "factors",
      "smoothed",
      "elementwise",
      "activations",
      "weightType",
      "weightLayers",
    ],
    under: ["wide", "float", "granularity", "weightScales", "method", "methods", "ranges"],
  },
  plan: { from: ["preparation", "equalization", "smoothing", "inputScales", ...JOINED, "spared", "ends"], under: [] },
  statistics: { from: [...OBSERVED, "factors", "smoothed"], under: [] },
  spared: {
    from: ["preparation", "statistics", ...JOINED, "method"],
    under: ["methods", "ranges"],
  },
  resolved: {
    from: ["preparation", "statistics", ...JOINED, "spared", "method", "methods", "ranges"],
    under: [],
  },
  rounding: {
    from: [
      "preparation",
      "inputs",
      "preprocess",
      "seed",
      "data",
      "target",
      "format",
      "factors",
      "smoothed",
      "activations",
      "weightType",
      "weightLayers",
      "granularity",
      "weightScales",
      "weightBlock",
      "biasCorrection",
    ],
    under: ["wide", "float", "elementwise", "unjoined", "spared", "method", "methods", "ranges"],
  },
  inputScales: { from: ON_SAMPLES, under: ["float"] },
  codes: {
    from: [...ON_SAMPLES, "inputScales", "smoothed", "activations", "granularity", "weightScales", "roundingKind"],
    under: ["wide", "float"],
  },
  biases: {
    from: [
      "preparation",
      ...OBSERVED,
      ...JOINED,
      "granularity",
      "weightScales",
      "weightAlgorithm",
      "roundingKind",
      "roundingSeed",
      "method",
      "rounding",
      "codes",
      "biasCorrection",
    ],
    under: ["spared", "methods", "ranges"],
  },
  bytes: { from: [...ALL_SETTINGS, ...LEARNED], under: [] },
  evaluation: { from: ["bytes", "data", "samples"], under: [] },
  probe: { from: ["bytes", "data", "samples"], under: [] },
  sensitivity: { from: ["bytes", "data"], under: [] },
  walk: { from: ["bytes", "data"], under: [] },
  search: { from: [...ALL_SETTINGS, "data"], under: [] },
  exported: { from: ["bytes", "evaluation"], under: [] },
};

/** What a recipe asks for of what is learned. */
const ASKED: Readonly<Record<Learned, (recipe: Recipe) => boolean>> = {
  factors: ({ corrections }) => corrections.equalization,
  smoothed: ({ corrections }) => corrections.smoothing === true,
  unjoined: (recipe) => recipe.elementwise === "auto" && takesRanges(recipe),
  /** Ranges that there are were settled with it. */
  spared: ({ resolved }) => resolved === null,
  resolved: () => true,
  inputScales: ({ weights }) => weights.algorithm === "awq",
  codes: (recipe) => isSampled(recipe.weights) || (recipe.weights.rounding === "finetuned" && isTuned(recipe)),
  rounding: (recipe) => recipe.weights.rounding === "learned" && isTuned(recipe),
  biases: (recipe) =>
    (recipe.corrections.bias !== "none" || recipe.weights.rounding === "finetuned") && isTuned(recipe),
};

const isDerived = (origin: Origin): origin is Derived => origin in DERIVATIONS;

const closures = new Map<Derived, ReadonlySet<Origin>>();

/** All that something is derived from, directly and by way of what else is derived. */
export function originsOf(derived: Derived): ReadonlySet<Origin> {
  const known = closures.get(derived);
  if (known) return known;
  const found = new Set<Origin>();
  for (const origin of DERIVATIONS[derived].from) {
    found.add(origin);
    if (isDerived(origin)) for (const further of originsOf(origin)) found.add(further);
  }
  closures.set(derived, found);
  return found;
}

/** The parts of a recipe that are no longer what they were derived as once these have become others. */
export function learnedFrom(changed: Iterable<Origin>): readonly Learned[] {
  const origins = [...changed];
  return LEARNED.filter((part) => origins.some((origin) => origin !== part && originsOf(part).has(origin)));
}

/** What a recipe asks for and does not hold, in the order in which it is derived. */
export function missing(recipe: Recipe): readonly Learned[] {
  const held = heldOf(recipe);
  return LEARNED.filter((part) => ASKED[part](recipe) && (held[part] ?? null) === null);
}

/** Codes, or rounding, and biases that were learned together are nothing without each other. */
function heldOf(recipe: Recipe): Pick<Recipe, Learned> {
  if (recipe.biases !== null) return recipe;
  if (recipe.weights.rounding === "finetuned") return { ...recipe, codes: null };
  return recipe.corrections.bias === "none" ? recipe : { ...recipe, rounding: null };
}

/** What a recipe asks for and holds, and does not go by: what was learned with biases that it lacks. */
export function heldInVain(recipe: Recipe): readonly Learned[] {
  const used = heldOf(recipe);
  return LEARNED.filter((part) => ASKED[part](recipe) && recipe[part] && !used[part]);
}

/** What one recipe asks for and another no longer does. */
export function noLongerAsked(before: Recipe, after: Recipe): readonly Learned[] {
  return LEARNED.filter((part) => ASKED[part](before) && !ASKED[part](after));
}
