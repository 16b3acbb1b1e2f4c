import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { deferredOf, rawLength } from "../onnx/tensorBytes.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import { type OpenModel, planModel } from "./open.ts";

const MEGABYTE = 1e6;

/**
 * Works out the scales of weights that are not in memory, one weight after the other, where a recipe that is resolved has them quantized:
 * quantizing then finds them, and need not be waited for. Codes are worked out when they are written.
 */
export async function weighAhead(model: OpenModel, recipe: Recipe, { signal, report }: JobContext): Promise<void> {
  const plan = planModel(model, recipe);
  const weights = plan.layers.flatMap((layer) => {
    const use = layer.weightUse;
    const tensor = use && plan.index.initializer(use.name);
    return use && tensor && deferredOf(tensor) ? [{ layer, use, bytes: rawLength(tensor) }] : [];
  });
  const total = weights.reduce((sum, { bytes }) => sum + bytes, 0) / MEGABYTE;
  let done = 0;
  for (const { layer, use, bytes } of weights) {
    report({ task: "Finding scales", done, total, unit: "MB" });
    plannedWeight(layer, use, plan, recipe);
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    done += bytes / MEGABYTE;
  }
}
