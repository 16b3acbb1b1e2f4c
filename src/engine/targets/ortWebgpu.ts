import { listed } from "../values/figures.ts";
import { ORT } from "./ort.ts";
import type { Target } from "./target.ts";

const OPERATORS = "https://github.com/microsoft/onnxruntime/blob/main/js/web/docs/webgpu-operators.md";

/** The operators of ONNX Runtime's own, among those that are written here, that have a kernel on WebGPU. */
export const WEBGPU_OWN_OPERATORS: readonly string[] = ["MatMulNBits", "MatMulBnb4", "GatherBlockQuantized"];

/** The WebGPU provider of ONNX Runtime Web 1.30. */
export const ORT_WEBGPU: Target = {
  ...ORT,
  id: "ort-webgpu",
  name: "ONNX Runtime Web on WebGPU",
  defaults: { ...ORT.defaults, format: "weights" },
  rules: [
    {
      says: "It has DequantizeLinear and no QuantizeLinear nor any integer kernel, so that activations stay in float and weights alone are quantized.",
      source: OPERATORS,
      settles: ["format"],
    },
    {
      says: `It has ${listed(WEBGPU_OWN_OPERATORS)}; the float16 of q4f16 takes a device with shader-f16.`,
      source: "https://github.com/microsoft/onnxruntime/tree/main/onnxruntime/contrib_ops/webgpu/quantization",
    },
    {
      says: "Its GatherBlockQuantized wants two 4-bit zero points in every byte, so that a table whose rows have an odd number of blocks does not run.",
      source:
        "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/contrib_ops/webgpu/quantization/gather_block_quantized.cc",
    },
    {
      says: "What is not in its list of operators runs on the processor, and its tensors go there and back.",
      source: OPERATORS,
    },
  ],
  formats: ["weights", "float16", "q4f16"],
  weights: ["int8", "uint8", "int4", "uint4", "nf4"],
  multiplies: [],
  integerKernels: new Set(),
  kernels: new Set([
    ..."Abs Acos Acosh Add ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil Clip Concat Conv".split(
      " ",
    ),
    ..."ConvTranspose Cos Cosh CumSum DFT DepthToSpace DequantizeLinear Div Einsum Elu Equal Erf Exp Expand Flatten Floor".split(
      " ",
    ),
    ..."Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample".split(
      " ",
    ),
    ..."HardSigmoid HardSwish If InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log MatMul MaxPool".split(
      " ",
    ),
    ..."Mul Neg Not Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean".split(
      " ",
    ),
    ..."ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ScatterND Shape Sigmoid Sin Sinh Slice".split(
      " ",
    ),
    ..."Softmax Split Sqrt Squeeze Sub Tan Tanh ThresholdedRelu Tile Transpose Unsqueeze Where".split(" "),
  ]),
  without: "falls back",
  oddZeroPoints: false,
  hasPast: false,
  isHere: false,
};
