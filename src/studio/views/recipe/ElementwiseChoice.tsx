import type { Elementwise, Recipe } from "../../../engine/model/recipe.ts";
import { withElementwise } from "../../../engine/recipe/edits.ts";
import { plural } from "../../../engine/values/figures.ts";
import { Choice } from "../../parts/Choice.tsx";
import { editRecipe } from "../../state/recipe.ts";
import { isRefused } from "../../state/taken.ts";
import { useProject } from "../../state/useStudio.ts";

/** What becomes of layers without weights, and what was decided of them. */
export function ElementwiseChoice({ recipe }: { readonly recipe: Recipe }) {
  const { elementwise, unjoined } = recipe;
  const hasData = useProject((project) => project.data !== null);
  const said = elementwise === "auto" ? decisionText(unjoined, hasData) : null;
  return (
    <>
      <Choice<Elementwise>
        label="Layers without weights"
        value={elementwise}
        options={(
          [
            { value: "auto", text: "decided on samples (default)" },
            { value: "join", text: "quantized" },
            { value: "float", text: "in float" },
          ] as const
        ).map((option) => ({ ...option, disabled: isRefused(recipe, withElementwise(recipe, option.value)) }))}
        onChoose={(chosen) => editRecipe("layers without weights", (before) => withElementwise(before, chosen))}
        testId="elementwise"
      />
      {said ? (
        <p className="muted small" data-testid="elementwise-decided">
          {said}
        </p>
      ) : null}
    </>
  );
}

function decisionText(unjoined: Recipe["unjoined"], hasData: boolean): string | null {
  if (unjoined === null) return hasData ? null : "Not decided: needs samples. All are quantized until then.";
  if (unjoined.length === 0) return "All of them are quantized.";
  return `${plural(unjoined.length, "layer")} stay in float, with weights or without: the outputs are closer to the float model so.`;
}
