import { codesOf } from "../graph/dequantized.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import type { ReadConstant } from "./constant.ts";
import type { Constants } from "./constants.ts";
import { typeName } from "./floats.ts";

/** Positions of W and R of a DynamicQuantizeLSTM, with those of their scales and zero points. */
const MATRICES = [
  [1, 8, 9],
  [2, 10, 11],
] as const;

/**
 * The matrices of a DynamicQuantizeLSTM in the shape that LSTM has them, [directions, outputs, inputs]: its own have outputs last.
 * Scales are one a direction, or one an output of each.
 */
export function recurrentWeights(node: NodeProto, index: GraphIndex, constants: Constants): (ReadConstant | string)[] {
  return MATRICES.map(([at, scaleAt, zeroAt]) => {
    const tensor = index.initializer(node.input[at] ?? "");
    const scales = constants.floats(node.input[scaleAt] ?? "");
    const zero = index.initializer(node.input[zeroAt] ?? "");
    const stored = tensor && codesOf(tensor);
    const [directions = 1, inputs = 1, outputs = 1] = tensor ? dimsOf(tensor) : [];
    if (!tensor || !stored || !scales) return "its matrices or their scales are not constants";
    const isEach = scales.length === directions * outputs && outputs > 1;
    if (!isEach && scales.length !== directions) return `it has ${scales.length} scales for ${outputs} outputs`;
    const zeros = zero ? codesOf(zero) : null;
    const codes = Float32Array.from(stored, (_, element) => {
      const [direction, rest] = [Math.floor(element / (inputs * outputs)), element % (inputs * outputs)];
      const [output, input] = [Math.floor(rest / inputs), rest % inputs];
      return stored[(direction * inputs + input) * outputs + output] as number;
    });
    const points = zeros && Float32Array.from(scales, (_, place) => zeros[zeros.length > 1 ? place : 0] ?? 0);
    return {
      ...{ name: tensor.name, type: typeName(tensor), dims: [directions, outputs, inputs], block: null, scales, codes },
      axis: isEach ? 1 : directions > 1 ? 0 : null,
      zeroPoints: points?.some((point) => point !== 0) ? points : null,
      placeOf: (element: number) => Math.floor(element / (isEach ? inputs : inputs * outputs)),
    };
  });
}
