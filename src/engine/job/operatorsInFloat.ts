import { graphOf } from "../graph/pass.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { allNodes } from "../onnx/opset.ts";
import { withFloat } from "../recipe/edits.ts";
import { listed } from "../values/figures.ts";
import type { OpenModel } from "./open.ts";

/** The recipe with every layer of these operators in float. Throws InputError for one that the model, as it is prepared, has no layer of. */
export function withOperatorsInFloat(
  { folded, fileName }: Pick<OpenModel, "folded" | "fileName">,
  recipe: Recipe,
  operators: readonly string[],
): Recipe {
  const has = new Set([...allNodes(graphOf(folded))].map(({ opType }) => opType));
  const unknown = operators.find((operator) => !has.has(operator));
  if (unknown === undefined) return withFloat(recipe, "operators", operators, true);
  throw new InputError(
    `${fileName} has, once it is prepared, no ${unknown} layer to leave in float; its operators are ${listed([...has].sort())}.`,
  );
}
