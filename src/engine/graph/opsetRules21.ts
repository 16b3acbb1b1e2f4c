import { intAttribute, intOf, stringAttribute, stringOf } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { type Conversion, listToInput, without } from "./opsetRules.ts";

/**
 * Operators that mean the same in opset 21 as in every opset from 13 on that has them: compared by their schemas in ONNX
 * 1.23, where later versions only add types, or attributes and inputs whose default is the old behaviour.
 */
export const UNCHANGED_21: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Bernoulli BitShift BitwiseAnd BitwiseNot
  BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat
  ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DeformConv DepthToSpace
  DequantizeLinear Det Div Dropout DynamicQuantizeLinear
  Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool
  GlobalLpPool GlobalMaxPool Greater GreaterOrEqual HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity If
  InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop
  LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min Mish
  Mod Mul Multinomial Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul
  QuantizeLinear RNN RandomNormal RandomNormalLike
  RandomUniform RandomUniformLike Range Reciprocal ReduceSum Relu Reshape Resize ReverseSequence Round STFT Scan
  ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength
  Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth SplitToSequence Sqrt Squeeze
  StringNormalizer Sub Sum Tan Tanh TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Where
  Xor`.split(/\s+/),
);

/** How each operator that changed between opsets 13 and 21 is written in opset 21. */
export const CONVERSIONS_21: Readonly<Record<string, (conversion: Conversion) => readonly NodeProto[]>> = {
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  GridSample: gridSample,
  ReduceL1: reduce,
  ReduceL2: reduce,
  ReduceLogSum: reduce,
  ReduceLogSumExp: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSumSquare: reduce,
  RoiAlign: roiAlign,
  Split: split,
};

/** ONNX Runtime counts the windows that hang over the edge otherwise since opset 19. */
function averagePool(at: Conversion): NodeProto[] {
  if (at.opset < 19 && intOf(at.node, "ceil_mode") === 1) throw at.fail("it rounds its output size up (ceil_mode = 1)");
  return [at.node];
}

function batchNormalization(at: Conversion): NodeProto[] {
  if (at.opset < 14 && at.node.output.slice(1).some(Boolean)) throw at.fail("it gives more than one output");
  return [at.node];
}

function gridSample(at: Conversion): NodeProto[] {
  const mode = stringOf(at.node, "mode") ?? "bilinear";
  if (at.opset >= 20 || mode === "nearest") return [at.node];
  const renamed = stringAttribute("mode", mode === "bicubic" ? "cubic" : "linear");
  return [withFields(at.node, { attribute: [...without(at.node, "mode"), renamed] })];
}

function reduce(at: Conversion): NodeProto[] {
  return [at.opset < 18 ? listToInput(at, "axes") : at.node];
}

function roiAlign(at: Conversion): NodeProto[] {
  if (at.opset >= 16) return [at.node];
  const positions = stringAttribute("coordinate_transformation_mode", "output_half_pixel");
  return [withFields(at.node, { attribute: [...at.node.attribute, positions] })];
}

function split(at: Conversion): NodeProto[] {
  if (at.opset >= 18 || at.node.input[1]) return [at.node];
  const count = intAttribute("num_outputs", at.node.output.length);
  return [withFields(at.node, { attribute: [...at.node.attribute, count] })];
}
