import { graphOf } from "../graph/pass.ts";
import { frontierAt, sliceModel } from "../graph/slice.ts";
import type { JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { DataType, Tensor, TensorMap } from "../model/tensor.ts";
import { ChannelErrors } from "../numerics/channelErrors.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";

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
  readonly float: ModelProto;
  readonly quantized: ModelProto;
  /** In graph order. */
  readonly layers: readonly CorrectedLayer[];
  readonly typeOf: (tensor: string) => DataType;
  /** What the graph is fed, sample by sample. */
  readonly feeds: readonly TensorMap[];
  readonly open: (model: ModelProto) => Promise<Session>;
}

/** Bytes that the tensors between two layers may take, of all samples together: fewer samples are used where they would take more. */
export const KEPT_BYTES = 256 * 2 ** 20;

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
  const biases: Record<string, number[]> = {};
  for (const [done, layer] of request.layers.entries()) {
    context.signal.throwIfAborted();
    context.report({ task: "Correcting biases", done, total: request.layers.length, unit: "layers" });
    const expected = await float.advance(layer.float, context);
    const actual = await quantized.advance(layer.quantized, context);
    const errors = new ChannelErrors(layer.axis, layer.passes);
    for (const [sample, reference] of expected.entries()) {
      const other = actual[sample];
      if (other) errors.add(reference, other);
    }
    const correction = errors.means();
    if (correction.some((value) => value !== 0)) biases[layer.id] = correction;
    for (const tensor of actual) addToChannels(tensor, layer.axis, correction);
    const samples = Math.min(expected.length, actual.length);
    float.keep(samples);
    quantized.keep(samples);
  }
  return biases;
}

/** Runs a graph in pieces, on all samples at once, and keeps what the rest of it still reads. */
class Walker {
  readonly #model: ModelProto;
  readonly #index: GraphIndex;
  readonly #request: CorrectionRequest;
  #kept: Map<string, Tensor>[];
  #at = 0;

  constructor(model: ModelProto, request: CorrectionRequest) {
    this.#model = model;
    this.#index = new GraphIndex(graphOf(model));
    this.#request = request;
    this.#kept = request.feeds.map((feeds) => new Map(feeds));
  }

  keep(samples: number): void {
    this.#kept.length = Math.min(this.#kept.length, samples);
  }

  /** Runs on to the node that makes a tensor, and gives the tensor for each sample, of as many as there is room for. */
  async advance(tensor: string, { signal }: JobContext): Promise<Tensor[]> {
    const { node } = this.#index.graph;
    const to = node.findIndex(({ output }) => output.includes(tensor)) + 1;
    const next = frontierAt(this.#index, to);
    const held = new Set(this.#kept[0]?.keys());
    const outputs = [...new Set([...next.filter((name) => !held.has(name)), tensor])];
    const slice = sliceModel(this.#model, this.#index, [this.#at, to], outputs, this.#request.typeOf);
    const fed = new Set(slice.graph?.input.map(({ name }) => name));
    const session = await this.#request.open(slice);
    const results: Tensor[] = [];
    let bytes = 0;
    try {
      for (const [sample, kept] of this.#kept.entries()) {
        signal.throwIfAborted();
        const made = await session.run(new Map([...kept].filter(([name]) => fed.has(name))));
        const all = new Map([...kept, ...made]);
        results.push(all.get(tensor) as Tensor);
        this.#kept[sample] = new Map([...all].filter(([name]) => next.includes(name)));
        bytes += bytesOf(this.#kept[sample]);
        if (bytes > KEPT_BYTES / 2) {
          this.keep(sample + 1);
          break;
        }
      }
    } finally {
      await session.dispose();
    }
    this.#at = to;
    return results;
  }
}

/** Bytes that tensors take. */
export function bytesOf(tensors: TensorMap): number {
  return [...tensors.values()].reduce((bytes, { data }) => bytes + data.byteLength, 0);
}

function addToChannels({ dims, data }: Tensor, axis: number, values: readonly number[]): void {
  const inner = dims.slice(axis < 0 ? axis + dims.length + 1 : axis + 1).reduce((product, dim) => product * dim, 1);
  const floats = data as Float32Array;
  for (let i = 0; i < floats.length; i++) {
    floats[i] = (floats[i] as number) + (values[Math.floor(i / inner) % values.length] as number);
  }
}
