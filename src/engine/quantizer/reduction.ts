import type { Reduction } from "../numerics/reduction.ts";
import { intOf } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";

/**
 * The order in which ONNX Runtime's CPU kernels multiply and add a weighted node's weights, for weights with a scale
 * for each output channel. Conv works on NHWC data, so its channels are innermost; its kernel for groups of one input and
 * one output channel adds single products. Null for ConvTranspose, which it computes in float.
 */
export function reductionOf(node: NodeProto, dims: readonly number[]): Reduction | null {
  if (node.opType === "ConvTranspose") return null;
  if (node.opType === "Conv") {
    const [outputs = 1, inputs = 1, ...kernel] = dims;
    const positions = kernel.reduce((product, dim) => product * dim, 1);
    const depthwise = inputs === 1 && outputs > 1 && outputs === intOf(node, "group");
    return {
      length: inputs * positions,
      offset: (channel, k) => (channel * inputs + (k % inputs)) * positions + Math.floor(k / inputs),
      paired: !depthwise,
    };
  }
  const [rows = 1, columns = 1] = dims;
  if (node.opType === "Gemm" && intOf(node, "transB")) {
    return { length: columns, offset: (channel, k) => channel * columns + k, paired: true };
  }
  return { length: rows, offset: (channel, k) => k * columns + channel, paired: true };
}
