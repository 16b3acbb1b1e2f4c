import { RECIPE_FORMATS, type RecipeFormat } from "../../../engine/model/format.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { withFormat } from "../../../engine/recipe/edits.ts";
import { isComputedInBfloats } from "../../../engine/targets/computed.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Term } from "../../parts/Term.tsx";
import { isTooLarge } from "../../state/large.ts";
import { editRecipe } from "../../state/recipe.ts";
import { isRefused } from "../../state/taken.ts";
import { useProject } from "../../state/useStudio.ts";

const TEXTS: Readonly<Record<RecipeFormat, string>> = {
  qdq: "QDQ (default)",
  qoperator: "QOperator: on codes",
  dynamic: "dynamic: no calibration",
  weights: "weights alone",
  float16: "float16, weights and activations",
  bfloat16: "bfloat16, weights alone",
  float8: "float8: QDQ of FP8 E4M3",
  q4f16: "q4f16: weights in 4 bits, all else in float16",
};

/** What is written; what the target, or the weights as they are chosen, do not go with is out of reach, and what takes more than a tab holds. */
export function FormatChoice({ recipe }: { readonly recipe: Recipe }) {
  const large = useProject((project) => project.model?.large);
  return (
    <Choice<RecipeFormat>
      label={<Term word="format">Format</Term>}
      value={recipe.format}
      options={RECIPE_FORMATS.map((format) => ({
        value: format,
        text: isComputedInBfloats({ ...recipe, format }) ? "bfloat16, computed so; not run here" : TEXTS[format],
        disabled: isTooLarge(large, format) || isRefused(recipe, withFormat(recipe, format)),
      }))}
      onChoose={(format) => editRecipe("format", (before) => withFormat(before, format))}
      testId="format"
    />
  );
}
