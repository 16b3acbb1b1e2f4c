import type { RefinedSums, WeightAnalysis } from "../model/analysis.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { RefinedWeight, Refinement } from "../model/refinement.ts";
import { signalToNoise } from "../numerics/decibels.ts";
import { rawLength } from "../onnx/tensorBytes.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { isWeightRefined } from "../plan/plannedWeight.ts";
import { elementCount } from "../values/dims.ts";
import { type OpenModel, planModel } from "./open.ts";
import { analysePlannedWeight } from "./weights.ts";

const MEGABYTE = 1e6;

/**
 * What scales of least error, found without data, gain every weight in blocks over those of its largest weights, in the same type and blocks:
 * by the weights' own error, no sample is run. Throws InputError where no weight's scales are so found; rejects with AbortError when it
 * is cancelled.
 */
export async function measureRefinement(
  model: OpenModel,
  recipe: Recipe,
  { signal, report }: JobContext,
): Promise<Refinement> {
  const plan = planModel(model, recipe);
  const names = refinedNames(plan, recipe);
  const bytesOf = (name: string) => rawLength(plan.index.initializer(name)!) / MEGABYTE;
  const total = names.reduce((sum, name) => sum + bytesOf(name), 0);
  const analyses: WeightAnalysis[] = [];
  let done = 0;
  for (const name of names) {
    report({ task: "Comparing weights", done, total, unit: "MB" });
    analyses.push(analysePlannedWeight(plan, name, recipe, { beside: true }));
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    done += bytesOf(name);
  }
  const found = refinementOf(analyses, plan);
  if (found) return found;
  throw new InputError(
    `No weight of ${model.name} has scales that are refined without data; choose blocks, and the algorithm hqq.`,
  );
}

function refinedNames(plan: QuantizationPlan, recipe: Recipe): readonly string[] {
  const refined = plan.layers.flatMap((layer) => {
    const use = layer.weightUse;
    return use && isWeightRefined(layer, use, plan, recipe) ? [use.name] : [];
  });
  return [...new Set(refined)];
}

/** The same of weights that were analysed beside what they would be; null where no scales are refined. */
export function refinementOf(analyses: readonly WeightAnalysis[], plan: QuantizationPlan): Refinement | null {
  const byName = new Map(analyses.flatMap((each) => (each.refined ? [[each.name, each] as const] : [])));
  const sums = { energy: 0, refined: 0, nearest: 0 };
  const weights: RefinedWeight[] = [];
  for (const { name, dims, refined } of byName.values()) {
    if (!refined) continue;
    sums.energy += refined.energy;
    sums.refined += refined.refined;
    sums.nearest += refined.nearest;
    const layers = plan.layers.flatMap(({ id, weightUse }) => (weightUse?.name === name ? [id] : []));
    const left = refined.refined === refined.nearest ? 1 : refined.refined / refined.nearest;
    weights.push({ weight: name, layers, values: elementCount(dims), ...sidesOf(refined), left });
  }
  return weights.length > 0 ? { weights, ...sidesOf(sums) } : null;
}

function sidesOf({ energy, refined, nearest }: RefinedSums): Pick<Refinement, "nearest" | "refined"> {
  return { nearest: signalToNoise(energy, nearest), refined: signalToNoise(energy, refined) };
}
