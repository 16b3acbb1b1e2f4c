import { writeRecipe } from "../artifacts/recipe.ts";
import type { Origin } from "../model/quantizedFile.ts";
import type { Recipe } from "../model/recipe.ts";
import { Sha256 } from "../numerics/sha256.ts";
import { metadataValue, withMetadata } from "../onnx/metadata.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { hex } from "../values/hex.ts";

const SOURCE = "octet.source.sha256";
const RECIPE = "octet.recipe.sha256";

/**
 * A model whose metadata says what it was made from: `source` is the fingerprint of the model as it was given, and of the recipe it
 * is the SHA-256 of its file. What the source said of its own origin goes; all other metadata stays.
 */
export function withOrigin(model: ModelProto, source: string, recipe: Recipe): ModelProto {
  return withMetadata(model, { [SOURCE]: source, [RECIPE]: recipeDigest(recipe) });
}

/** SHA-256 of a recipe's file in hexadecimal. */
export function recipeDigest(recipe: Recipe): string {
  return hex(new Sha256().update(new TextEncoder().encode(writeRecipe(recipe))).digest());
}

/** What a model's metadata says that it was made from; null where it says nothing of it. */
export function originOf(model: ModelProto): Origin | null {
  const [source, recipe] = [metadataValue(model, SOURCE), metadataValue(model, RECIPE)];
  return source === undefined || recipe === undefined ? null : { source, recipe };
}
