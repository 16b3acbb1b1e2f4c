import { BEFORE_PREPARATIONS, PAST_RECIPES } from "../../engine/model/past/recipe.ts";
import { type Json, lacks, renewed } from "../../engine/model/past/shape.ts";
import { RECIPE, type Recipe } from "../../engine/model/recipe.ts";
import { type Basis, basisOf, leavesOf } from "../../engine/recipe/basis.ts";
import { basisSchema } from "../../engine/recipe/basisSchema.ts";
import type { Derived } from "../../engine/recipe/derivations.ts";
import { digestOf } from "../../engine/recipe/digest.ts";
import { check } from "../../engine/schema/check.ts";
import { isObject } from "../../engine/schema/running.ts";

/**
 * The basis of a result that was stored while a basis was text: a fingerprint of data and a recipe, of an evaluation a list of
 * recipe, samples and fingerprint. What cannot be read of it makes a basis that nothing of today is like, so that its result is
 * stale. Since, samples were taken in the order of their paths. One of today stays as it is.
 */
export function pastBasis(derived: Derived, basis: unknown): unknown {
  if (isObject(basis)) return withLater(derived, basis);
  if (typeof basis !== "string") return basis;
  if (derived === "evaluation") {
    const [recipe, samples, data] = listIn(basis);
    // The first versions had the recipe itself here, and quantized otherwise than today.
    return told(derived, typeof recipe === "string" ? parsed(recipe) : null, {
      data: typeof data === "string" ? data : null,
      samples: typeof samples === "number" ? samples : null,
    });
  }
  const space = basis.indexOf(" ");
  const outside = { data: basis.slice(0, Math.max(0, space)) || null };
  const stored = parsed(basis.slice(space + 1));
  return derived === "rounding" ? toldOfRounding(stored, outside) : told(derived, stored, outside);
}

/** What a basis did not say when recipes did not. */
const LATER: Readonly<Record<string, unknown>> = {
  ...BEFORE_PREPARATIONS,
  spared: digestOf(BEFORE_PREPARATIONS.spared),
};

function laterOf(derived: Derived): Json {
  const names = leavesOf(derived).filter((name) => name in LATER);
  return Object.fromEntries(names.map((name) => [name, LATER[name]]));
}

/** Rounding was learned while biases were left alone. */
const UNBIASED = { biasCorrection: "none" } as const;

function withLater(derived: Derived, told: Json): Json {
  const basis = derived === "rounding" && lacks(told, "biasCorrection") ? { ...told, ...UNBIASED } : told;
  const later = laterOf(derived);
  const since = lacks(basis, ...Object.keys(later)) ? { ...basis, ...later, ...withoutState(basis.inputs) } : basis;
  const format = leavesOf(derived).includes("format") ? formatOf(since) : since.format;
  return format === since.format ? since : { ...since, format };
}

/** Weights alone were told by what activations are. */
function formatOf({ format = "qdq", activations }: Json): Basis["format"] {
  return format === "qdq" && activations === null ? "weights" : (format as Basis["format"]);
}

/** No input carried a state then. */
function withoutState(inputs: unknown): Json {
  return { inputs: isObject(inputs) ? { ...inputs, state: {} } : inputs };
}

/** What rounding was learned for stood in a list. */
function toldOfRounding(stored: unknown, outside: Pick<Basis, "data">): Basis {
  const unknown = basisOf("rounding", { recipe: null, ...outside });
  if (!Array.isArray(stored) || !Array.isArray(stored[4])) return unknown;
  const [weightType, granularity, , factors, [activations, , , preprocess, inputs]] = stored;
  const then = {
    weightType,
    granularity,
    activations,
    format: formatOf({ activations }),
    preprocess,
    ...withoutState(inputs),
    ...UNBIASED,
  };
  const basis = { ...unknown, ...laterOf("rounding"), ...then, factors: isObject(factors) ? digestOf(factors) : null };
  return check(basisSchema("rounding"), basis, "").problem === null ? basis : unknown;
}

function told(derived: Derived, stored: unknown, outside: Pick<Basis, "data" | "samples">): Basis {
  const recipe = recipeIn(derived, stored);
  if (!recipe) return basisOf(derived, { recipe: null, ...outside });
  const basis = basisOf(derived, { recipe: { ...recipe, rounding: null }, ...outside });
  // Learned rounding was told by its digest, which is worked out today as it was then.
  const { rounding } = stored as { readonly rounding?: unknown };
  return typeof rounding === "string" && "rounding" in basis ? { ...basis, rounding } : basis;
}

/** All that could be learned then. */
const UNLEARNED = { resolved: null, factors: null, biases: null, rounding: null };

/** A recipe as text had it, with a digest for learned rounding, and for a search nothing that was learned. */
function recipeIn(derived: Derived, stored: unknown): Recipe | null {
  if (!isObject(stored)) return null;
  const withoutBits = "rounding" in stored ? { ...stored, rounding: null } : stored;
  const then = derived === "search" ? { ...stored, ...UNLEARNED } : withoutBits;
  const whole = renewed(then, PAST_RECIPES);
  const { problem } = check(RECIPE, whole, "");
  return problem === null ? (whole as Recipe) : null;
}

function listIn(text: string): readonly unknown[] {
  const list = parsed(text);
  return Array.isArray(list) ? list : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
