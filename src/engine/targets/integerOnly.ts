import { ELSEWHERE, MOVES } from "./elsewhere.ts";
import type { Target } from "./target.ts";

const SPECIFICATION = "https://www.tensorflow.org/lite/performance/quantization_spec";

const PROBABILITIES = { low: 0, high: 255 / 256 };

const OPERATORS = [
  ...["Add", "AveragePool", "Concat", "Conv", "Gemm", "MatMul", "GlobalAveragePool", "ReduceMean", "Mul", "Sub"],
  ...["Sigmoid", "Softmax", "Tanh", "Relu", "Clip", "Resize", "Pad", "SpaceToDepth", ...MOVES],
];

/** Devices without floating point: the rules of TensorFlow Lite's 8-bit quantization. */
export const INTEGER_ONLY: Target = {
  ...ELSEWHERE,
  id: "integer-only",
  name: "integer-only",
  defaults: {
    format: "qdq",
    activations: { type: "int8", symmetric: false },
    weights: { type: "int8", granularity: "channel" },
    elementwise: "join",
  },
  rules: [
    {
      says: "Activations are asymmetric int8, weights symmetric int8, biases int32.",
      source: SPECIFICATION,
      settles: ["activations", "weights"],
    },
    { says: "Conv has a scale a channel, Gemm and MatMul one a tensor.", source: SPECIFICATION },
    { says: "Softmax and Sigmoid give 1/256 a step from -128 on, Tanh 1/128 around 0.", source: SPECIFICATION },
    {
      says: "Pools that average, Concat, Resize and what only moves values give the scale that they read.",
      source: SPECIFICATION,
    },
    {
      says: "Nothing is left in float, and inputs and outputs are int8 themselves.",
      source: SPECIFICATION,
      settles: ["format", "elementwise"],
    },
  ],
  activations: [{ type: "int8", symmetric: false }],
  perChannel: new Set(["Conv"]),
  multipliesActivations: false,
  keepsScale: new Set(["AveragePool", "Resize"]),
  joinsOnOneScale: true,
  fixedOutputs: new Map([
    ["Softmax", PROBABILITIES],
    ["Sigmoid", PROBABILITIES],
    ["Tanh", { low: -1, high: 127 / 128 }],
  ]),
  wantsIntegerBias: new Set(["Conv", "Gemm"]),
  integerKernels: new Set(OPERATORS),
  kernels: new Set(OPERATORS),
  floats: "never",
  integerEnds: true,
};
