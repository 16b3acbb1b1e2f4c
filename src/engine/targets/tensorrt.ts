import { ELSEWHERE, MOVES } from "./elsewhere.ts";
import { QDQ } from "./ort.ts";
import type { Target } from "./target.ts";

const GUIDE = "https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/work-quantized-types.html";
const EXPLICIT =
  "https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/quantized-types-explicit-quantization.html";

/** TensorRT 10 with explicit quantization, and ONNX Runtime's provider for it. */
export const TENSORRT: Target = {
  ...ELSEWHERE,
  id: "tensorrt",
  name: "TensorRT",
  defaults: {
    format: "qdq",
    activations: { type: "int8", symmetric: true },
    weights: { type: "int8", granularity: "channel" },
    elementwise: "join",
  },
  rules: [
    {
      says: "Activations and weights are symmetric int8: zero points are 0.",
      source: GUIDE,
      settles: ["activations", "weights"],
      formats: QDQ,
    },
    { says: "Activations have a scale a tensor, weights one a channel.", source: EXPLICIT, formats: QDQ },
    {
      says: "Biases stay in float: its parser refuses the DequantizeLinear of an int32 bias.",
      source: "https://github.com/microsoft/onnxruntime/issues/14229",
      formats: QDQ,
    },
    {
      says: "The results of layers with weights are rounded only where an integer layer reads them.",
      source: EXPLICIT,
      formats: QDQ,
    },
    {
      says: "Of a residual sum the branch that is added to a convolution is rounded and the convolution's own result is not, so that the sum is fused with it.",
      source:
        "https://docs.nvidia.com/deeplearning/tensorrt/tensorflow-quantization-toolkit/docs/docs/add_custom_qdq_cases.html",
      formats: QDQ,
    },
    {
      says: "All that a Concat joins has one scale, so that codes are copied.",
      source: "https://nvidia.github.io/Model-Optimizer/reference/generated/modelopt.onnx.quantization.qdq_graph.html",
      formats: QDQ,
    },
    {
      says: "It computes in bfloat16 what the model has in it, on GPUs from Ampere on.",
      source: "https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md",
      formats: ["bfloat16"],
    },
  ],
  formats: ["qdq", "bfloat16"],
  activations: [{ type: "int8", symmetric: true }],
  computesBfloats: true,
  fusesSum: new Set(["Conv"]),
  givesFloat: new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]),
  joinsOnOneScale: true,
  biases: "float",
  integerKernels: new Set([
    ...["Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool"],
    ...["Relu", "Clip", ...MOVES],
  ]),
};
