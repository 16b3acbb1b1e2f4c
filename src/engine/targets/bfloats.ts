import type { FloatPorts } from "./halves.ts";

const words = (opset: number, text: string) => text.split(/\s+/).map((operator) => [operator, opset] as const);

/**
 * The opset from which ONNX's schema takes bfloat16 wherever it takes float32, but for the ports below, of operators that TensorRT
 * 10.15 has in bfloat16 (https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md). The opset is 13 where it did so before.
 */
export const BFLOAT_SINCE: ReadonlyMap<string, number> = new Map([
  ...words(
    13,
    `Abs Add ArgMax ArgMin Ceil Clip Concat Constant DepthToSpace Div Equal Erf Exp Expand Flatten Floor Gather GatherElements
    GatherND Gemm Greater Hardmax Identity IsNaN Less Log LogSoftmax LRN MatMul Max Mean Min Mod Mul Neg Pad Reciprocal
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
    Relu Reshape Resize ScatterElements ScatterND Sigmoid Sign Slice Softmax SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh
    Tile Transpose Unsqueeze`,
  ),
  ...words(14, "BatchNormalization Trilu"),
  ...words(15, "Pow"),
  ...words(16, "GreaterOrEqual If LeakyRelu LessOrEqual Loop PRelu Scan Where"),
  ...words(17, "LayerNormalization"),
  ...words(20, "ConstantOfShape Gelu"),
  ...words(21, "GroupNormalization"),
  ...words(
    22,
    `Acos Acosh Asin Asinh Atan Atanh AveragePool Conv ConvTranspose Cos Cosh Dropout Elu GlobalAveragePool GlobalLpPool
    GlobalMaxPool GRU HardSigmoid HardSwish InstanceNormalization LSTM LpNormalization LpPool MaxPool RNN Round Selu Sin
    Sinh Softplus Softsign Tan ThresholdedRelu`,
  ),
  ...words(23, "RMSNormalization RotaryEmbedding"),
  ...words(24, "TopK"),
]);

/** Inputs and outputs of them that are float32 all the same. */
export const BFLOAT_PORTS: ReadonlyMap<string, FloatPorts> = new Map([
  ["LayerNormalization", { outputs: [1, 2] }],
  ["Resize", { inputs: [1, 2] }],
]);
