import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import { ORT_COSTS } from "./ortCosts.ts";
import type { Target } from "./target.ts";

/**
 * ONNX Runtime 1.30 on processors, native and in WASM. Seen on the graphs that it makes of a model (tests of emit read
 * them) and in its sources: onnxruntime/core/optimizer/qdq_transformer (selectors, WeightBiasQuantization, QDQPropagation), MatMulAddFusion.
 */
export const ORT: Target = {
  name: "ONNX Runtime",
  activations: [
    { type: "uint8", symmetric: false },
    { type: "uint8", symmetric: true },
    { type: "int8", symmetric: false },
    { type: "int8", symmetric: true },
  ],
  weights: ["int8", "int4"],
  granularities: ["channel", "tensor"],
  opset: 13,
  ownDomain: RUNTIME_DOMAIN,
  multiplies: ["int8"],
  multipliesFirst: false,
  addsInPairs: true,
  sharesAcrossMovers: true,
  fusesClamp: true,
  fusesAdd: new Set(["MatMul"]),
  givesFloat: new Set(["Gemm", "MatMul"]),
  roundsClamps: true,
  wantsIntegerBias: new Set(["Conv", "Gemm"]),
  quantizesItself: new Set(["Conv", "ConvTranspose", "Gemm"]),
  integerKernels: new Set([
    ...["Conv", "Gemm", "MatMul"],
    ...["Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid", "Softmax", "Where"],
  ]),
  movesInFloat: new Set(["Pad", "SpaceToDepth"]),
  roundsBefore: new Set(["MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice"]),
  slowOnCodes: new Set(["MaxPool"]),
  costs: ORT_COSTS,
};
