import { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { graphOf } from "./pass.ts";

/** Mean and standard deviation of each channel. */
export interface ChannelMoments {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/**
 * What BatchNormalization makes of its channels by its own account: mean B, standard deviation |scale| (Nagel 2019,
 * section 4.2.1), by its output's name, which folding keeps.
 */
export function normalizedTensors(model: ModelProto): Map<string, ChannelMoments> {
  const index = new GraphIndex(graphOf(model));
  const moments = new Map<string, ChannelMoments>();
  for (const node of index.graph.node) {
    if (node.opType !== "BatchNormalization" || !isDefaultDomain(node.domain)) continue;
    const [scale, shift] = [node.input[1], node.input[2]].map((name) => index.initializer(name ?? ""));
    if (!scale || !shift) continue;
    moments.set(node.output[0] ?? "", {
      mean: numbersOf(shift),
      deviation: numbersOf(scale).map(Math.abs),
    });
  }
  return moments;
}

function numbersOf(proto: TensorProto): Float64Array {
  return Float64Array.from(tensorOf(proto).data as Float32Array);
}
