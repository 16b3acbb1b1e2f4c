import { useCallback, useEffect, useMemo, useState } from "react";
import type { TensorAnalysis } from "../../../../engine/model/analysis.ts";
import type { ClipFigures, Range } from "../../../../engine/model/range.ts";
import type { Recipe } from "../../../../engine/model/recipe.ts";
import { own } from "../../../../engine/model/record.ts";
import { estimateRange } from "../../../state/estimates.ts";
import { rangeIn } from "../../../state/handles.ts";
import { latestOnly } from "../../../state/latest.ts";
import { setRange } from "../../../state/recipe.ts";
import { useProject } from "../../../state/useStudio.ts";

/**
 * The range to show for a group, and what it does: the one under the pointer while a handle is held, else the recipe's.
 * Where the analysis, which was made for the recipe `settled`, is of another range, the figures are those of the latest
 * estimate.
 * The range of the recipe never waits for the analysis, nor is it taken from one.
 */
export function useDraft(group: string, { chosen }: TensorAnalysis, settled: Recipe) {
  const [held, setHeld] = useState<Range | null>(null);
  const [estimate, setEstimate] = useState<ClipFigures | null>(null);
  const recipe = useProject((project) => project.recipe?.present);
  const shown = chosen.figures.range;
  const ahead = useMemo(
    () => (recipe ? rangeAhead(recipe, settled, shown, group) : null),
    [recipe, settled, shown, group],
  );
  const ask = useMemo(
    () =>
      latestOnly(
        (range: Range) => estimateRange(group, range),
        setEstimate,
        () => setEstimate(null),
      ),
    [group],
  );
  useEffect(() => {
    if (ahead) ask(ahead);
  }, [ask, ahead]);

  const hold = useCallback(
    (range: Range) => {
      setHeld(range);
      ask(range);
    },
    [ask],
  );
  const letGo = useCallback(
    (range: Range) => {
      setHeld(null);
      setRange(group, range);
    },
    [group],
  );
  const moving = held ?? ahead;
  return {
    range: moving ?? shown,
    figures: moving ? estimate : chosen.figures,
    byHand: held !== null || (recipe !== undefined && own(recipe.ranges, group) !== undefined),
    hold,
    letGo,
  };
}

/** The range of the recipe, where what was shown under `settled` is another one or is rounded in another way. */
function rangeAhead(recipe: Recipe, settled: Recipe, shown: Range, group: string): Range | null {
  if (recipe === settled) return null;
  const range = rangeIn(recipe, group);
  const { type, symmetric } = recipe.activations;
  const rounded = type === settled.activations.type && symmetric === settled.activations.symmetric;
  return rounded && range?.low === shown.low && range.high === shown.high ? null : range;
}
