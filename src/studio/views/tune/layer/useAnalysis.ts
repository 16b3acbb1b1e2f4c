import { useEffect, useMemo, useState } from "react";
import type { TensorAnalysis } from "../../../../engine/model/analysis.ts";
import type { Range } from "../../../../engine/model/range.ts";
import type { Recipe } from "../../../../engine/model/recipe.ts";
import { analyseGroup } from "../../../state/estimates.ts";
import { latestOnly } from "../../../state/latest.ts";
import { studio } from "../../../state/store.ts";
import { useResults } from "../../../state/useStudio.ts";

interface Question {
  readonly group: string;
  readonly recipe: Recipe;
  readonly window: Range | null;
}

/** What is known of a group over a window, and the recipe it was told for; asked again after every change. */
export function useAnalysis(group: string, window: Range | null) {
  const overview = useResults((results) => results.overview);
  const [answer, setAnswer] = useState<{ readonly analysis: TensorAnalysis; readonly question: Question } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const ask = useMemo(
    () =>
      latestOnly(
        ({ group, recipe, window }: Question) => analyseGroup(group, recipe, window),
        (result: TensorAnalysis, question) => {
          setAnswer({ analysis: result, question });
          setFailure(null);
        },
        (error) => setFailure((error as Error).message),
      ),
    [],
  );
  useEffect(() => {
    const recipe = studio.getState().project.recipe?.present;
    if (recipe && overview.has(group)) ask({ group, recipe, window });
  }, [ask, group, window, overview]);
  return { answer: answer?.question.group === group ? answer : null, failure };
}
