import type { JobContext } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { ChannelErrors } from "../numerics/channelErrors.ts";
import { elementCount } from "../values/dims.ts";
import { KEPT_BYTES, pairsOf, type Walker } from "./walker.ts";

/** A layer whose bias is corrected. */
export interface CorrectedLayer {
  readonly id: string;
  /** What it makes before its activation, in the float and in the quantized graph. */
  readonly float: string;
  readonly quantized: string;
  /** The axis of its output channels in that tensor; negative from the end. */
  readonly axis: number;
  /** The values that its activation lets through unchanged. */
  readonly passes: { readonly low: number; readonly high: number };
}

export interface CorrectionRequest {
  /** Through the float and the quantized graph, on the same samples. */
  readonly float: Walker;
  readonly quantized: Walker;
  /** In graph order. */
  readonly layers: readonly CorrectedLayer[];
}

/**
 * Empirical bias correction (Nagel et al., *Data-Free Quantization Through Weight Equalization and Bias Correction*, ICCV
 * 2019, section 4.2 and appendix D): layer by layer, with everything before it quantized and corrected, the mean error of
 * each output channel before its activation is taken off its bias. Two things refine it: only values count that the
 * activation lets through, since no other error passes it; and a mean is trusted as far as it exceeds its standard error.
 * Both graphs advance from one layer to the next, sample by sample; samples whose tensors would take more than KEPT_BYTES are
 * left out from there on. Gives what to add to each layer's bias.
 */
export async function correctBiases(
  { float, quantized, layers }: CorrectionRequest,
  context: JobContext,
): Promise<Record<string, number[]>> {
  const biases = new Map<string, number[]>();
  for (const [done, layer] of layers.entries()) {
    context.signal.throwIfAborted();
    context.report({ task: "Correcting biases", done, total: layers.length, unit: "layers" });
    const errors = new ChannelErrors(layer.axis, layer.passes);
    let samples = 0;
    for await (const [reference, other] of pairsOf(
      float.stream(layer.float, context.signal),
      quantized.stream(layer.quantized, context.signal),
    )) {
      errors.add(reference, other);
      samples++;
      if (Math.max(float.passedBytes, quantized.passedBytes) > KEPT_BYTES / 2) break;
    }
    const correction = errors.means();
    if (correction.some((value) => value !== 0)) biases.set(layer.id, correction);
    float.change(layer.float, () => undefined);
    quantized.change(layer.quantized, (tensor) => addToChannels(tensor, layer.axis, correction));
    float.keep(samples);
    quantized.keep(samples);
  }
  return Object.fromEntries(biases);
}

function addToChannels({ dims, data }: Tensor, axis: number, values: readonly number[]): void {
  const inner = elementCount(dims.slice(axis < 0 ? axis + dims.length + 1 : axis + 1));
  const floats = data as Float32Array;
  for (let i = 0; i < floats.length; i++) {
    floats[i] = (floats[i] as number) + (values[Math.floor(i / inner) % values.length] as number);
  }
}
