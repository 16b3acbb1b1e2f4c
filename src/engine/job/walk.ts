import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import { inPairs } from "../model/format.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import type { ErrorWalk } from "../model/sensitivity.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { walkErrors, walkStops } from "../tuning/walk.ts";
import { assertTakesCodes } from "./codesOnly.ts";
import { assertRoundingLearned } from "./learned.ts";
import type { OpenModel } from "./open.ts";
import { quantizationJob, quantizeModel } from "./quantize.ts";
import { firstReadable } from "./samples.ts";
import { loadQuantized, quickestSession } from "./session.ts";

/**
 * Float against the exported model at every layer's output, after what is fused to it, on the first samples of a
 * dataset: where the error enters, and how it grows. Both models run with these tensors as outputs.
 * Throws InputError when the recipe is not the model's or not resolved, or no sample can be read.
 */
export async function walk(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples }: { readonly samples: number },
  runtime: Runtime,
  context: JobContext,
): Promise<ErrorWalk> {
  assertTakesCodes(recipe, "The error layer by layer");
  assertRoundingLearned(recipe);
  context.report({ task: "Starting ONNX Runtime", done: 0, total: samples, unit: "samples" });
  const { float, types } = quantizationJob(model, recipe);
  const { inOrder: exported, plan, rounded } = quantizeModel(model, inPairs(recipe));
  const stops = walkStops(plan, types);
  const tensors = stops.flatMap(({ tensor, reads }) => [tensor, ...reads]);
  const nameOf = (tensor: string) => rounded.get(tensor) ?? tensor;
  const first = await firstReadable(dataset, 0, samples);
  const { session, threads } = await quickestSession(
    runtime,
    toModelFile(exposeOutputs(float, tensors)),
    first,
    `"${model.fileName}"`,
  );
  try {
    const file = toModelFile(exposeOutputs(exported, [...new Set(tensors.map(nameOf))]));
    const quantized = await loadQuantized(runtime, file, { threads });
    try {
      return await walkErrors(stops, nameOf, { float: session, quantized }, dataset, samples, context);
    } finally {
      await quantized.dispose();
    }
  } finally {
    await session.dispose();
  }
}
