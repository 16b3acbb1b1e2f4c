import { ELSEWHERE } from "./elsewhere.ts";
import type { Target } from "./target.ts";

const QUARK = "https://quark.docs.amd.com/latest/supported_accelerators/ryzenai/index.html";
const OPERATORS = "https://github.com/ModelTC/MQBench/blob/main/docs/source/user_guide/hardware/vitis.rst";

/** AMD's NPUs for convolutional networks, through the Vitis AI provider: what AMD Quark calls XINT8. */
export const VITIS_NPU: Target = {
  ...ELSEWHERE,
  id: "vitis-npu",
  name: "Vitis AI",
  defaults: {
    format: "qdq",
    activations: { type: "uint8", symmetric: true, scales: "power-of-two" },
    weights: { type: "int8", granularity: "tensor", scales: "power-of-two" },
    elementwise: "join",
  },
  rules: [
    {
      says: "Activations are symmetric in 8 bits, weights symmetric int8, and every scale is a power of two.",
      source: QUARK,
      settles: ["activations"],
    },
    {
      says: "Weights have a scale a tensor: the NPU has none a channel.",
      source: "https://quark.docs.amd.com/latest/onnx/appendix_full_quant_config_features.html",
      settles: ["weights"],
    },
    {
      says: "Biases are int8 with a scale of their own.",
      source: "https://quark.docs.amd.com/latest/onnx/appendix_full_quant_config_features.html",
    },
    {
      says: "Operators that are not in the list of those it was proven on run on the processor.",
      source: OPERATORS,
      settles: ["elementwise"],
    },
  ],
  activations: [
    { type: "uint8", symmetric: true },
    { type: "int8", symmetric: true },
  ],
  granularities: ["tensor"],
  scales: "power-of-two",
  biases: "int8",
  integerKernels: new Set("Conv Relu MaxPool Concat Add Resize Flatten Gemm GlobalAveragePool".split(" ")),
  kernels: new Set(
    "Conv Relu MaxPool Concat Add Resize Flatten Gemm GlobalAveragePool QuantizeLinear DequantizeLinear".split(" "),
  ),
  without: "falls back",
  floats: "where it must",
};
