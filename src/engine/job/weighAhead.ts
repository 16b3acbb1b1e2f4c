import type { Fitter, WithFitters } from "../model/fitting.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { deferredOf, rawLength } from "../onnx/tensorBytes.ts";
import { fitWeightAhead, isWeightRefined, plannedWeight } from "../plan/plannedWeight.ts";
import { type OpenModel, planModel } from "./open.ts";

const MEGABYTE = 1e6;
/** Bytes of weights from which on other threads are started: below, they would come too late. */
const LEAST_BESIDE = 2 ** 27;

/**
 * Works out the scales of weights that are not in memory, one weight after the other, where a recipe that is resolved has them quantized:
 * quantizing then finds them, and need not be waited for. Scales that are searched for are on several threads, where `withFitters` starts
 * some. Codes are worked out when they are written. Rejects with AbortError when it is cancelled.
 */
export async function weighAhead(
  model: OpenModel,
  recipe: Recipe,
  { signal, report }: JobContext,
  withFitters?: WithFitters,
): Promise<void> {
  const plan = planModel(model, recipe);
  const weights = plan.layers.flatMap((layer) => {
    const use = layer.weightUse;
    const tensor = use && plan.index.initializer(use.name);
    if (!use || !tensor || !deferredOf(tensor)) return [];
    return [{ layer, use, bytes: rawLength(tensor), isSearched: isWeightRefined(layer, use, plan, recipe) }];
  });
  const sizeOf = (parts: typeof weights) => parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const total = sizeOf(weights) / MEGABYTE;
  const weigh = async (fitters: readonly Fitter[]) => {
    let done = 0;
    for (const { layer, use, bytes, isSearched } of weights) {
      report({ task: "Finding scales", done, total, unit: "MB" });
      if (isSearched && fitters.length > 0) await fitWeightAhead(layer, use, plan, recipe, fitters, signal);
      plannedWeight(layer, use, plan, recipe);
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      done += bytes / MEGABYTE;
    }
  };
  const isLarge = sizeOf(weights.filter(({ isSearched }) => isSearched)) >= LEAST_BESIDE;
  await (isLarge && withFitters ? withFitters(weigh) : weigh([]));
}
