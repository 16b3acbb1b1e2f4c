import { INT4_OPSET, RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { Target } from "./target.ts";

/**
 * ONNX Runtime 1.30 on processors, native and in WASM. Seen on the graphs that it makes of a model (tests of emit read
 * them) and in its sources: onnxruntime/core/optimizer/qdq_transformer (selectors, WeightBiasQuantization), MatMulAddFusion.
 */
export const ORT: Target = {
  name: "ort",
  activations: ["uint8", "int8"],
  weights: ["int8", "int4"],
  granularities: ["channel", "tensor"],
  multiplies: ["int8"],
  addsInPairs: true,
  givesFloat: new Set(["Gemm", "MatMul"]),
  wantsIntegerBias: new Set(["Conv", "Gemm"]),
  fusesAdd: new Set(["MatMul"]),
  quantizesItself: new Set(["Conv", "ConvTranspose", "Gemm"]),
  opset: 13,
  int4Opset: INT4_OPSET,
  ownDomain: RUNTIME_DOMAIN,
};
