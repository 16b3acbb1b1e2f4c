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
      inner: inputs,
      channelStride: inputs * positions,
      innerStride: positions,
      outerStride: 1,
      paired: !depthwise,
    };
  }
  const [rows = 1, columns = 1] = dims;
  if (node.opType === "Gemm" && intOf(node, "transB")) {
    return { length: columns, inner: columns, channelStride: columns, innerStride: 1, outerStride: 0, paired: true };
  }
  return { length: rows, inner: rows, channelStride: 1, innerStride: columns, outerStride: 0, paired: true };
}
