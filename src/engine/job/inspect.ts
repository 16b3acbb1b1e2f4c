import type { JobContext } from "../model/job.ts";
import type { GivenInputs } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import type { ModelSummary } from "../model/summary.ts";
import type { TargetFit } from "../model/targetFit.ts";
import { defaultRecipe, prepareForInspection, summarizeModel } from "./open.ts";
import type { ModelSource } from "./source.ts";
import { targetFits } from "./targetFits.ts";

export interface Inspection {
  /** Under the model's default recipe. */
  readonly summary: ModelSummary;
  readonly targets: () => readonly TargetFit[];
}

/** What is in a model, and how it fits targets; its inputs may be left open. Throws InputError as opening does. */
export async function inspectModel(
  source: ModelSource,
  inputs: GivenInputs,
  runtime: Runtime,
  context: JobContext,
): Promise<Inspection> {
  const model = await prepareForInspection(source, inputs, runtime, context);
  return { summary: summarizeModel(model, defaultRecipe(model)), targets: () => targetFits(model) };
}
