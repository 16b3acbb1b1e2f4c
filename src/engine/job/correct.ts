import { biasPlace } from "../graph/applyBiases.ts";
import { normalizedTensors } from "../graph/normalization.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import type { DataType, TensorMap } from "../model/tensor.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { expectedCorrections, expectedInputs } from "../tuning/analyticBias.ts";
import { bytesOf, type CorrectedLayer, correctBiases, KEPT_BYTES } from "../tuning/biasCorrection.ts";
import { equalizedModel, type OpenModel, planModel } from "./open.ts";
import { type Quantized, quantizeModel } from "./quantize.ts";
import { readableSamples } from "./samples.ts";
import { loadSession } from "./session.ts";

/** Fewer leave small networks to chance, more gain nothing: docs/corrections.md. */
const SAMPLES = 100;

/**
 * Learns what empirical bias correction adds to each layer's bias, from the first samples. The recipe's ranges are
 * resolved. Throws InputError as quantizing does, and when no sample can be read.
 */
export async function learnBiases(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  samples: number,
  runtime: Runtime,
  context: JobContext,
): Promise<NonNullable<Recipe["biases"]>> {
  const made = equalizedModel(model, recipe);
  const quantized = quantizeModel(model, { ...recipe, biases: null });
  const feeds: TensorMap[] = [];
  let bytes = 0;
  for await (const { sample } of readableSamples(dataset, Math.min(samples, SAMPLES))) {
    feeds.push(sample.feeds);
    bytes += bytesOf(sample.feeds);
    if (bytes > KEPT_BYTES / 2) break;
  }
  return correctBiases(
    {
      float: made.equalized ? made.observed : made.folded,
      quantized: quantized.model,
      layers: correctedLayers(quantized),
      typeOf: (tensor) => knownType(made, tensor),
      feeds,
      open: (slice) => loadSession(runtime, toModelFile(slice), { threads: 1 }, `A part of "${model.fileName}"`),
    },
    context,
  );
}

/**
 * The recipe with analytic bias correction worked out where it asks for it: no samples are needed, and layers whose input
 * does not come out of a BatchNormalization are passed over. The recipe's ranges are resolved.
 */
export function deriveBiases(model: OpenModel, recipe: Recipe): Recipe {
  if (recipe.corrections.bias !== "analytic" || recipe.biases) return recipe;
  const means = expectedInputs(planModel(model, recipe), normalizedTensors(model.observed), recipe.factors ?? {});
  return { ...recipe, biases: expectedCorrections(planModel(model, recipe), recipe, means) };
}

function correctedLayers({ plan, unrounded }: Quantized): CorrectedLayer[] {
  return plan.layers.flatMap(({ id, node, operator, weightUse }) => {
    const quantized = unrounded.get(id);
    if (!weightUse || quantized === undefined || !biasPlace(node, plan.index)) return [];
    const [reader] = plan.index.consumers(node.output[0] ?? "");
    const follower = plan.layers.find((layer) => layer.node === reader)?.follower;
    const passes = follower?.kind === "clamp" ? follower : { low: -Infinity, high: Infinity };
    const axis = operator === "Conv" || operator === "ConvTranspose" ? 1 : -1;
    return [{ id, float: node.output[0] ?? "", quantized, axis, passes }];
  });
}

/** Tensors that quantizing added are float32, where a slice is fed them. */
function knownType(model: OpenModel, tensor: string): DataType {
  const type = model.types.get(tensor) ?? "float32";
  if (type !== "other") return type;
  throw new InputError(
    `Biases cannot be corrected on samples: the tensor ${tensor} has a type that Octet does not feed; set bias correction to none.`,
  );
}
