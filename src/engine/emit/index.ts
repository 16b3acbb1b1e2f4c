import { type EncodingChoices, encode, type Numbers, type WeightEncoder } from "../encode/numbers.ts";
import type { Range } from "../model/range.ts";
import type { Recipe, RecipeFormat } from "../model/recipe.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { encodeRequest } from "../plan/request.ts";
import type { Emitted, Writer } from "./emitted.ts";
import { writeQdq } from "./qdq.ts";
import { writeWeights } from "./weightOnly.ts";

/** What is written: a recipe's format, or its weights alone. */
export type Format = RecipeFormat | "weights";

/** Who writes what. */
const WRITERS: Readonly<Record<Format, Writer>> = { qdq: writeQdq, weights: writeWeights };

/** The format that a recipe asks for. */
export function formatOf({ format, float }: Pick<Recipe, "format" | "float">): Format {
  return float.activations ? "weights" : format;
}

/** The part of a recipe that decides how what a plan quantizes is written. */
export type WritingChoices = EncodingChoices & Pick<Recipe, "format">;

export type QuantizedModel = Emitted & Pick<Numbers, "affine" | "notices">;

/**
 * Encodes what a plan quantizes and writes it in the recipe's format. `ranges` holds a finite range for every group of the
 * plan; `weigh` may give weights that are encoded already. The same arguments give the same model, byte for byte.
 * Throws InputError as encode does.
 */
export function quantizeGraph(
  model: ModelProto,
  plan: QuantizationPlan,
  ranges: ReadonlyMap<string, Range>,
  recipe: WritingChoices,
  weigh?: WeightEncoder,
): QuantizedModel {
  const numbers = encode(encodeRequest(plan), ranges, recipe, weigh);
  const emitted = WRITERS[formatOf(recipe)](model, plan, numbers);
  return { ...emitted, affine: numbers.affine, notices: numbers.notices };
}
