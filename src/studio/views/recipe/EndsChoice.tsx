import { ENDS, type Ends, type Recipe } from "../../../engine/model/recipe.ts";
import { withEnds } from "../../../engine/recipe/edits.ts";
import { Choice } from "../../parts/Choice.tsx";
import { editRecipe } from "../../state/recipe.ts";
import { isRefused } from "../../state/taken.ts";

const TEXTS: Readonly<Record<Ends, string>> = {
  float32: "float32 (default), as in the model",
  float16: "float16, fed and read so",
};

/** What float32 inputs and outputs of the model are in the file. */
export function EndsChoice({ recipe }: { readonly recipe: Recipe }) {
  return (
    <Choice<Ends>
      label="Inputs and outputs"
      value={recipe.ends ?? "float32"}
      options={ENDS.map((ends) => ({
        value: ends,
        text: TEXTS[ends],
        disabled: isRefused(recipe, withEnds(recipe, ends)),
      }))}
      onChoose={(ends) => editRecipe("ends", (before) => withEnds(before, ends))}
      testId="ends"
    />
  );
}
