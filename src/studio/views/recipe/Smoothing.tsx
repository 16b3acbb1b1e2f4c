import { hasIntegerActivations } from "../../../engine/model/format.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { withSmoothing } from "../../../engine/recipe/edits.ts";
import { plural, signed } from "../../../engine/values/figures.ts";
import { Term } from "../../parts/Term.tsx";
import { editRecipe } from "../../state/recipe.ts";

/** Whether channels are smoothed, where a format has activations in integers, and what that gained. */
export function Smoothing({ corrections, smoothed, format }: Pick<Recipe, "corrections" | "smoothed" | "format">) {
  if (!hasIntegerActivations({ format })) return null;
  const found = smoothed && Object.values(smoothed);
  const gains = found?.map(({ sqnr: { before, after } }) => after - before).sort((a, b) => a - b) ?? [];
  const alphas = found?.map(({ alpha }) => alpha) ?? [];
  const [low, high] = [Math.min(...alphas), Math.max(...alphas)];
  return (
    <>
      <label className="check">
        <input
          type="checkbox"
          checked={corrections.smoothing === true}
          onChange={(event) => editRecipe("smoothing", (before) => withSmoothing(before, event.target.checked))}
          data-testid="smoothing"
        />
        <Term word="smoothing">Smooth channels</Term>
        {found ? <span className="muted">{plural(found.length, "tensor")}</span> : null}
      </label>
      {found && found.length > 0 ? (
        <p className="muted small" data-testid="smoothing-gain">
          Products of the layers that read them: {signed(gains[gains.length >> 1] as number)} dB at the median on the
          calibration samples, alpha {low === high ? low : `${low} to ${high}`}.
        </p>
      ) : found ? (
        <p className="muted small">Nothing gains by it on the calibration samples.</p>
      ) : null}
    </>
  );
}
