import { ELSEWHERE, MOVES } from "./elsewhere.ts";
import type { Target } from "./target.ts";

const PROVIDER = "https://onnxruntime.ai/docs/execution-providers/QNN-ExecutionProvider.html";
const CONFIG =
  "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/python/tools/quantization/execution_providers/qnn/quant_config.py";

const QUANTIZED = [
  ...[
    "Add",
    "Sub",
    "Mul",
    "AveragePool",
    "GlobalAveragePool",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Gemm",
    "MatMul",
  ],
  ...["LeakyRelu", "Relu", "Sigmoid", "Softmax", "Tanh", "Where", "ReduceMean"],
  ...["DepthToSpace", "SpaceToDepth", "Expand", "Pad", "Resize", "Tile", ...MOVES],
];

/** Qualcomm's HTP, through ONNX Runtime's QNN provider. */
export const QNN: Target = {
  ...ELSEWHERE,
  id: "qnn",
  name: "QNN",
  defaults: {
    format: "qdq",
    activations: { type: "uint8", symmetric: false },
    weights: { type: "int8", granularity: "channel" },
    elementwise: "join",
  },
  rules: [
    {
      says: "The HTP runs quantized models alone, so everything that can be is quantized, whatever it gains; a layer in float falls back to the processor.",
      source: PROVIDER,
      settles: ["format", "elementwise"],
    },
    {
      says: "Activations are unsigned, of 8 or 16 bits, which layers may mix: what a layer reads and makes has one of the two, and between them stands a pair that converts.",
      source: CONFIG,
      settles: ["activations"],
    },
    {
      says: "In 16 bits what Sigmoid gives has the scale 1/65536 and the zero point 0, and what Tanh gives 1/32768 and 32768.",
      source: CONFIG,
    },
    {
      says: "Conv and ConvTranspose may have a scale a channel; other weights have one a tensor.",
      source: CONFIG,
      settles: ["weights"],
    },
    { says: "MatMul takes unsigned factors: its weights are written as uint8 with zero point 128.", source: PROVIDER },
    { says: "Every dimension of its inputs is a number.", source: PROVIDER },
  ],
  activations: [
    { type: "uint8", symmetric: false },
    { type: "uint8", symmetric: true },
    { type: "uint16", symmetric: false },
  ],
  fixedInWide: new Map([
    ["Sigmoid", { low: 0, high: 1 - 2 ** -16 }],
    ["Tanh", { low: -1, high: 1 - 2 ** -15 }],
  ]),
  perChannel: new Set(["Conv", "ConvTranspose"]),
  unsignedWeights: new Set(["MatMul"]),
  integerKernels: new Set(QUANTIZED),
  kernels: new Set([
    ...QUANTIZED,
    ..."Abs And ArgMax ArgMin Asin Atan BatchNormalization Cast Cos Div Elu Equal Exp Floor Gelu Greater GreaterOrEqual".split(
      " ",
    ),
    ..."GridSample HardSwish InstanceNormalization LRN LayerNormalization Less LessOrEqual Log LogSoftmax LpNormalization".split(
      " ",
    ),
    ..."Max Min Neg Not Or PRelu Pow QuantizeLinear DequantizeLinear ReduceMax ReduceMin ReduceProd ReduceSum Round Sign".split(
      " ",
    ),
    ..."Sin Sqrt TopK".split(" "),
  ]),
  without: "falls back",
  floats: "where it must",
  staticShapes: true,
};
