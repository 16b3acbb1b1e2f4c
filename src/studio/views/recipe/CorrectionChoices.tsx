import type { Recipe } from "../../../engine/model/recipe.ts";
import { withCorrections } from "../../../engine/recipe/edits.ts";
import { plural } from "../../../engine/values/figures.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Term } from "../../parts/Term.tsx";
import { editRecipe } from "../../state/recipe.ts";
import { useProject } from "../../state/useStudio.ts";
import { Smoothing } from "./Smoothing.tsx";

type Bias = Recipe["corrections"]["bias"];

/** The remedies that change weights, and what they came to. */
export function CorrectionChoices({
  corrections,
  factors,
  smoothed,
  biases,
  rounding,
  codes,
  weights,
  format,
}: Pick<Recipe, "corrections" | "factors" | "smoothed" | "biases" | "rounding" | "codes" | "weights" | "format">) {
  const isFineTuned = weights.rounding === "finetuned";
  const hasData = useProject((project) => project.data !== null);
  return (
    <>
      <label className="check">
        <input
          type="checkbox"
          checked={corrections.equalization}
          onChange={(event) =>
            editRecipe("equalization", (before) => withCorrections(before, { equalization: event.target.checked }))
          }
          data-testid="equalization"
        />
        <Term word="equalization">Equalize channels</Term>
        {factors ? <span className="muted">{plural(Object.keys(factors).length, "tensor")}</span> : null}
      </label>
      <Smoothing corrections={corrections} smoothed={smoothed} format={format} />
      <Choice<Bias>
        label={<Term word="bias correction">Correct biases</Term>}
        value={corrections.bias}
        options={[
          { value: "empirical", text: "measured on samples" },
          { value: "analytic", text: "by BatchNorm’s means" },
          { value: "none", text: "no" },
        ]}
        onChoose={(bias) => editRecipe("bias correction", (before) => withCorrections(before, { bias }))}
        testId="bias-correction"
      />
      {biases && (codes || rounding) && Object.keys(biases).length === 0 ? (
        <p className="muted small">
          {isFineTuned ? "Fine-tuning leaves" : codes ? "Codes found on samples leave" : "Learned rounding leaves"}{" "}
          nothing to correct.
        </p>
      ) : biases ? (
        <p className="muted small">
          Biases of {plural(Object.keys(biases).length, "layer")} are{" "}
          {isFineTuned ? "tuned" : rounding ? "learned with their rounding" : "corrected"}.
        </p>
      ) : corrections.bias === "empirical" && !hasData ? (
        <p className="muted small">Not measured: needs samples.</p>
      ) : null}
    </>
  );
}
