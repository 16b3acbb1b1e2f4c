import { useEffect, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import type { WeightAnalysis } from "../../engine/model/analysis.ts";
import { groupOf, rowOf } from "../state/selection.ts";
import type { StudioState } from "../state/slices/studio.ts";
import { evaluationIsStale, factsOf } from "../state/steps.ts";
import { useProject, useStudio } from "../state/useStudio.ts";
import { analyseWeight } from "../state/weights.ts";
import type { Word } from "../words.ts";
import { type Own, ownLines, weightLine } from "./own.ts";

const OF_WEIGHTS: readonly Word[] = ["per channel", "per tensor"];

/** A word on the person's own tensor; a weight's line comes a moment later. */
export function useOwn(word: Word): readonly string[] {
  const lines = useStudio(useShallow((state) => ownLines(word, ownOf(state))));
  const ofWeight = useWeightLine(OF_WEIGHTS.includes(word));
  return ofWeight ? [...lines, ofWeight] : lines;
}

function ownOf(state: StudioState): Own {
  const { model, recipe, calibration } = state.project;
  const { overview, evaluation } = state.results;
  const group = groupOf(state);
  const plan = model?.plan;
  return {
    recipe: recipe?.present ?? null,
    tensor: group,
    figures: (group !== null && overview.get(group)) || null,
    members: plan?.groups.find(({ id }) => id === group)?.members ?? [],
    evaluation: evaluation?.result ?? null,
    stale: evaluationIsStale(factsOf(state)),
    layers: {
      all: plan?.layers.length ?? 0,
      quantized: plan?.layers.filter(({ precision }) => precision !== "float32").length ?? 0,
      groups: plan?.groups.length ?? 0,
    },
    observed: calibration?.observed.length ?? null,
  };
}

function useWeightLine(wanted: boolean): string | null {
  const name = useStudio((state) => (wanted ? (rowOf(state)?.weight ?? null) : null));
  const recipe = useProject(({ recipe }) => recipe?.present ?? null);
  const [weight, setWeight] = useState<WeightAnalysis | null>(null);
  useEffect(() => {
    if (name === null || !recipe) return;
    let current = true;
    analyseWeight(name, recipe)
      .then((answer) => current && setWeight(answer))
      .catch(() => {});
    return () => {
      current = false;
    };
  }, [name, recipe]);
  return weight?.name === name && weight ? weightLine(weight) : null;
}
