import { RECIPE_FORMATS } from "../model/format.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import { WEIGHT_TYPES } from "../values/codes.ts";
import { ORT_COSTS } from "./ortCosts.ts";
import type { Target, TargetRule } from "./target.ts";

export const QUANTIZATION_GUIDE =
  "https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html#data-type-selection";
const SELECTORS = "https://github.com/microsoft/onnxruntime/tree/main/onnxruntime/core/optimizer/qdq_transformer";

export const EIGHT_BITS: Target["activations"] = [
  { type: "uint8", symmetric: false },
  { type: "uint8", symmetric: true },
  { type: "int8", symmetric: false },
  { type: "int8", symmetric: true },
];

/** Scales alone: float8 has no zero points. */
export const FLOAT8_SCHEME = { type: "float8", symmetric: true } as const;

/** The formats that rules about codes of activations, and about pairs of Q and DQ, bear on. */
export const IN_INTEGERS: TargetRule["formats"] = ["qdq", "qoperator", "dynamic"];
export const QDQ: TargetRule["formats"] = ["qdq"];

const NONE: ReadonlySet<string> = new Set();

/**
 * ONNX Runtime 1.30 on processors, native and in WASM. Seen on the graphs that it makes of a model (tests of emit read
 * them) and in its sources: onnxruntime/core/optimizer/qdq_transformer (selectors, WeightBiasQuantization, QDQPropagation), MatMulAddFusion.
 */
export const ORT: Target = {
  id: "ort-cpu",
  name: "ONNX Runtime",
  defaults: {
    format: "qdq",
    activations: { type: "uint8", symmetric: false },
    weights: { type: "int8", granularity: "channel" },
    elementwise: "auto",
  },
  rules: [
    {
      says: "Weights are signed, activations unsigned: processors multiply these quickest, and no pair of weights is so large that one without VNNI would saturate.",
      source: QUANTIZATION_GUIDE,
      settles: ["activations", "weights"],
      formats: IN_INTEGERS,
    },
    {
      says: "Layers are laid out as its selectors look for them: DequantizeLinear before, QuantizeLinear after, biases in int32.",
      source: SELECTORS,
      settles: ["format"],
      formats: QDQ,
    },
  ],
  formats: RECIPE_FORMATS,
  activations: [
    ...EIGHT_BITS,
    { type: "uint16", symmetric: false },
    { type: "uint16", symmetric: true },
    { type: "int16", symmetric: false },
    { type: "int16", symmetric: true },
    FLOAT8_SCHEME,
  ],
  weights: WEIGHT_TYPES,
  granularities: ["channel", "tensor"],
  blocks: true,
  perChannel: null,
  scales: undefined,
  opset: 13,
  ownDomain: RUNTIME_DOMAIN,
  multiplies: ["int8"],
  multipliesFirst: false,
  multipliesActivations: true,
  unsignedWeights: NONE,
  addsInPairs: true,
  halvesOthers: false,
  sharesAcrossMovers: true,
  keepsScale: NONE,
  joinsOnOneScale: false,
  fixedOutputs: new Map(),
  fixedInWide: new Map(),
  fusesClamp: true,
  fusesAdd: new Set(["MatMul"]),
  fusesSum: NONE,
  givesFloat: new Set(["Gemm", "MatMul"]),
  roundsClamps: true,
  roundsBeforeClamps: true,
  biases: "int32",
  wantsIntegerBias: new Set(["Conv", "Gemm"]),
  quantizesItself: new Set(["Conv", "ConvTranspose", "Gemm"]),
  integerKernels: new Set([
    ...["Conv", "Gemm", "MatMul"],
    ...["Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid", "Softmax", "Where"],
  ]),
  movesInFloat: new Set(["Pad", "SpaceToDepth"]),
  roundsBefore: new Set(["MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice"]),
  slowOnCodes: new Set(["MaxPool"]),
  storesOthers: true,
  kernels: null,
  without: "not accepted",
  floats: "where it gains",
  hasPast: true,
  integerEnds: false,
  halfEnds: true,
  computesBfloats: false,
  oddZeroPoints: true,
  staticShapes: false,
  isHere: true,
  multipliesAtRunTime: new Set(["Conv", "Gemm", "LSTM", "MatMul"]),
  costs: ORT_COSTS,
};
