import type { JobContext } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { ChannelErrors } from "../numerics/channelErrors.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { elementCount } from "../values/dims.ts";
import { Walker, type WalkerParts } from "./walker.ts";

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

export interface CorrectionRequest extends WalkerParts {
  readonly float: ModelProto;
  readonly quantized: ModelProto;
  /** In graph order. */
  readonly layers: readonly CorrectedLayer[];
}

/**
 * Empirical bias correction (Nagel et al., *Data-Free Quantization Through Weight Equalization and Bias Correction*, ICCV
 * 2019, section 4.2 and appendix D): layer by layer, with everything before it quantized and corrected, the mean error of
 * each output channel before its activation is taken off its bias. Two things refine it: only values count that the
 * activation lets through, since no other error passes it; and a mean is trusted as far as it exceeds its standard error.
 * Both graphs advance from one layer to the next with the tensors between them kept, so that nothing runs twice.
 * Gives what to add to each layer's bias.
 */
export async function correctBiases(
  request: CorrectionRequest,
  context: JobContext,
): Promise<Record<string, number[]>> {
  const float = new Walker(request.float, request);
  const quantized = new Walker(request.quantized, request);
  const biases = new Map<string, number[]>();
  for (const [done, layer] of request.layers.entries()) {
    context.signal.throwIfAborted();
    context.report({ task: "Correcting biases", done, total: request.layers.length, unit: "layers" });
    const expected = await float.advance(layer.float, context.signal);
    const actual = await quantized.advance(layer.quantized, context.signal);
    const errors = new ChannelErrors(layer.axis, layer.passes);
    for (const [sample, reference] of expected.entries()) {
      const other = actual[sample];
      if (other) errors.add(reference, other);
    }
    const correction = errors.means();
    if (correction.some((value) => value !== 0)) biases.set(layer.id, correction);
    for (const tensor of actual) addToChannels(tensor, layer.axis, correction);
    const samples = Math.min(expected.length, actual.length);
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
