import { type ChannelExtremes, equalizedTensors, learnFactors } from "../graph/equalization.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { channelExtremes } from "../numerics/channelExtremes.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { OpenModel } from "./open.ts";
import { readableSamples } from "./samples.ts";
import { loadSession } from "./session.ts";

/** More samples hardly move the extremes of a channel. */
const SAMPLES = 64;

/**
 * Learns the factors of equalization from the weights, and from the first samples how far each channel reaches.
 * Throws InputError when no two layers of the model can be equalized, or no sample can be read.
 */
export async function learnEqualization(
  model: OpenModel,
  dataset: Dataset,
  samples: number,
  runtime: Runtime,
  context: JobContext,
): Promise<NonNullable<Recipe["factors"]>> {
  const tensors = equalizedTensors(model.folded);
  if (tensors.length === 0) {
    throw new InputError(
      `No two layers of ${model.name} follow each other so that channels can be equalized; switch equalization off.`,
    );
  }
  const file = toModelFile(exposeOutputs(model.folded, tensors));
  const session = await loadSession(runtime, file, { threads: 1 }, `"${model.fileName}"`);
  const extremes = new Map<string, ChannelExtremes>();
  const total = Math.min(samples, SAMPLES);
  try {
    for await (const { done, sample } of readableSamples(dataset, total)) {
      context.signal.throwIfAborted();
      context.report({ task: "Equalizing", done, total, unit: "samples" });
      const made = await session.run(sample.feeds, tensors);
      for (const [name, tensor] of made) extremes.set(name, channelExtremes(tensor, 1, extremes.get(name)));
    }
  } finally {
    await session.dispose();
  }
  return learnFactors(model.folded, extremes);
}
