import { type ChannelExtremes, equalizedTensors, learnFactors } from "../graph/equalization.ts";
import { normPairs } from "../graph/normPairs.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import { smoothingFactors } from "../graph/smoothing.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { channelExtremes } from "../numerics/channelExtremes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/proto/onnx_pb.ts";
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
  const links = equalizedTensors(model.folded);
  const smoothed = normPairs(new GraphIndex(model.folded.graph as GraphProto)).map(({ tensor }) => tensor);
  const axes = new Map([...smoothed.map((name) => [name, -1] as const), ...links.map((name) => [name, 1] as const)]);
  const tensors = [...axes.keys()];
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
      for (const [name, tensor] of made)
        extremes.set(name, channelExtremes(tensor, axes.get(name)!, extremes.get(name)));
    }
  } finally {
    await session.dispose();
  }
  const ofLinks = new Map([...extremes].filter(([name]) => axes.get(name) === 1));
  const ofSmoothed = new Map([...extremes].filter(([name]) => axes.get(name) === -1));
  return { ...smoothingFactors(model.folded, ofSmoothed), ...learnFactors(model.folded, ofLinks) };
}
