import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { ClipFigures, Range } from "../../engine/model/range.ts";
import { latestOnly } from "../state/latest.ts";
import { setRange } from "../state/recipe.ts";
import { studio } from "../state/store.ts";
import { analysis } from "../state/workers.ts";

interface Estimate {
  readonly range: Range;
  readonly figures: ClipFigures;
}

/**
 * A range on its way: it follows the pointer with its estimates, and becomes a step of the recipe when let go.
 * `settled` changes when the analysis has caught up with the recipe; the draft then gives way to it.
 */
export function useDraft(group: string, settled: unknown) {
  const [draft, setDraft] = useState<Range | null>(null);
  const [estimate, setEstimate] = useState<Estimate | null>(null);
  const committed = useRef(false);
  const ask = useMemo(
    () =>
      latestOnly(
        (range: Range) => {
          const { recipe } = studio.getState();
          if (!recipe) return Promise.reject(new Error("no model is open"));
          return analysis.ask((api) => api.estimate(group, recipe.present, range));
        },
        (figures: ClipFigures, range) => setEstimate({ range, figures }),
        () => setEstimate(null),
      ),
    [group],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the draft ends when the analysis has caught up
  useEffect(() => {
    if (!committed.current) return;
    committed.current = false;
    setDraft(null);
    setEstimate(null);
  }, [settled]);

  const follow = useCallback(
    (range: Range) => {
      committed.current = false;
      setDraft(range);
      ask(range);
    },
    [ask],
  );
  const commit = useCallback(
    (range: Range) => {
      follow(range);
      committed.current = true;
      setRange(group, range);
    },
    [follow, group],
  );
  return { draft, figures: draft ? (estimate?.figures ?? null) : null, follow, commit };
}
