import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";

/** How the weights of a Conv or Gemm lie: which output and which input channel each of them joins. */
export interface LayerShape {
  readonly outputs: number;
  /** Input channels of the whole layer; of a Gemm, features of its input. */
  readonly inputs: number;
  /** Calls `visit` for each run of `length` weights from `start` on that join one output and one input channel. */
  forEachRun(visit: (output: number, input: number, start: number, length: number) => void): void;
}

export function layerShape(node: NodeProto, index: GraphIndex): LayerShape {
  const dims = dimsOf(index.initializer(node.input[1] ?? "") as TensorProto);
  const [first = 1, second = 1] = dims;
  if (node.opType === "Gemm") {
    const transposed = intOf(node, "transB") === 1;
    const [outputs, inputs] = transposed ? [first, second] : [second, first];
    return {
      outputs,
      inputs,
      forEachRun(visit) {
        for (let row = 0; row < first; row++) {
          for (let column = 0; column < second; column++) {
            visit(transposed ? row : column, transposed ? column : row, row * second + column, 1);
          }
        }
      },
    };
  }
  const groups = intOf(node, "group") ?? 1;
  const kernel = dims.slice(2).reduce((product, dim) => product * dim, 1);
  const perGroup = first / groups;
  return {
    outputs: first,
    inputs: second * groups,
    forEachRun(visit) {
      for (let output = 0; output < first; output++) {
        const group = Math.floor(output / perGroup);
        for (let i = 0; i < second; i++) {
          visit(output, group * second + i, (output * second + i) * kernel, kernel);
        }
      }
    },
  };
}

export function weightOf(node: NodeProto, index: GraphIndex): Float32Array {
  return tensorOf(index.initializer(node.input[1] ?? "") as TensorProto).data as Float32Array;
}
