import type { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { attributeOf, floatOf, intAttribute, intOf, makeNode, stringAttribute, stringOf } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import type { AttributeProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";

/** What a conversion sees: one node of the default domain, and its surroundings. */
export interface Conversion {
  readonly node: NodeProto;
  /** The version the node was written for: 1 to 20. */
  readonly opset: number;
  /** Adds an initialiser named after the node's output and its role, and gives its name. */
  constant(role: string, tensor: Tensor): string;
  /** A new tensor name, after the node's output and its role. */
  tensor(role: string): string;
  rank(tensor: string): number | undefined;
  /** The value of an initialiser. */
  value(tensor: string): Tensor | undefined;
  isRead(tensor: string): boolean;
  fail(why: string): InputError;
}

/**
 * Operators that mean the same in opset 13 as in every opset from 7 on: compared by their schemas in ONNX 1.23, where
 * later versions only add types, negative axes, or attributes whose default is the old behaviour.
 */
export const UNCHANGED: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BitShift Cast Ceil Celu Compress Concat
  ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear
  Det Div DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gemm GlobalAveragePool GlobalLpPool
  GlobalMaxPool Greater GreaterOrEqual HardSigmoid Identity If InstanceNormalization IsInf IsNaN LRN LSTM LeakyRelu
  Less LessOrEqual Log Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool
  Mean MeanVarianceNormalization Min Mod Mul Multinomial Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pow
  QLinearConv QLinearMatMul QuantizeLinear RNN
  RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
  ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare Relu Reshape ReverseSequence RoiAlign Round
  ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength
  Shape Shrink Sigmoid Sign Sin Sinh Size Softplus Softsign SpaceToDepth SplitToSequence Sqrt StringNormalizer Sub Sum
  Tan Tanh TfIdfVectorizer ThresholdedRelu Tile Transpose Unique Where Xor`.split(/\s+/),
);

/** How each operator that changed between opsets 7 and 13 is written in opset 13. */
export const CONVERSIONS: Readonly<Record<string, (conversion: Conversion) => readonly NodeProto[]>> = {
  BatchNormalization: batchNormalization,
  Clip: clip,
  Dropout: dropout,
  Hardmax: overFlattened,
  LogSoftmax: overFlattened,
  Pad: pad,
  ReduceSum: (at) => [listToInput(at, "axes")],
  Resize: resize,
  Scan: scan,
  Scatter: ({ node }) => [withFields(node, { opType: "ScatterElements" })],
  Slice: slice,
  Softmax: overFlattened,
  Split: (at) => [listToInput(at, "split")],
  Squeeze: (at) => [listToInput(at, "axes")],
  TopK: topK,
  Unsqueeze: (at) => [listToInput(at, "axes")],
  Upsample: upsample,
};

/** An attribute of integers that became the second input. */
export function listToInput(at: Conversion, name: string): NodeProto {
  const values = attributeOf(at.node, name)?.ints;
  if (!values) return at.node;
  return withFields(at.node, {
    input: [at.node.input[0] ?? "", at.constant(name, vector("int64", values))],
    attribute: without(at.node, name),
  });
}

function batchNormalization(at: Conversion): NodeProto[] {
  if (intOf(at.node, "spatial") === 0) throw at.fail("it normalises every position by itself (spatial = 0)");
  return [withFields(at.node, { attribute: without(at.node, "spatial") })];
}

function clip(at: Conversion): NodeProto[] {
  if (at.opset >= 11) return [at.node];
  const bound = (name: string) => {
    const value = floatOf(at.node, name);
    return value === undefined ? "" : at.constant(name, scalar("float32", value));
  };
  return [
    withFields(at.node, {
      input: [at.node.input[0] ?? "", bound("min"), bound("max")],
      attribute: without(at.node, "min", "max"),
    }),
  ];
}

/** Without its optional training flag, Dropout of opset 12 copies its input, as that of opset 7 does. */
function dropout(at: Conversion): NodeProto[] {
  if (at.opset >= 12) return [at.node];
  const mask = at.node.output[1];
  if (mask && at.isRead(mask)) throw at.fail("its mask is read");
  return [withFields(at.node, { output: at.node.output.slice(0, 1), attribute: without(at.node, "ratio") })];
}

/** Before opset 13 the axes from `axis` (default 1) on were flattened into one; since then only `axis` is meant. */
function overFlattened(at: Conversion): NodeProto[] {
  const { node } = at;
  const [input = "", output = ""] = [node.input[0], node.output[0]];
  const axis = intOf(node, "axis") ?? 1;
  const rank = at.rank(input);
  const last = withFields(node, { attribute: [...without(node, "axis"), intAttribute("axis", -1)] });
  if (axis === -1 || axis + 1 === rank) return [last];
  const [shape, flat, result] = [at.tensor("shape"), at.tensor("flat"), at.tensor("result")];
  return [
    makeNode("Shape", [input], [shape]),
    makeNode("Flatten", [input], [flat], { attributes: [intAttribute("axis", axis)] }),
    withFields(last, { input: [flat], output: [result] }),
    makeNode("Reshape", [result, shape], [output]),
  ];
}

function pad(at: Conversion): NodeProto[] {
  const pads = attributeOf(at.node, "pads")?.ints;
  if (at.opset >= 11 || !pads) return [at.node];
  const value = floatOf(at.node, "value");
  const input = [at.node.input[0] ?? "", at.constant("pads", vector("int64", pads))];
  if (value !== undefined) input.push(at.constant("value", scalar("float32", value)));
  return [withFields(at.node, { input, attribute: without(at.node, "pads", "value") })];
}

function slice(at: Conversion): NodeProto[] {
  if (at.opset >= 10) return [at.node];
  const lists = ["starts", "ends", "axes"].flatMap((name) => {
    const values = attributeOf(at.node, name)?.ints;
    return values ? [at.constant(name, vector("int64", values))] : [];
  });
  return [
    withFields(at.node, {
      input: [at.node.input[0] ?? "", ...lists],
      attribute: without(at.node, "starts", "ends", "axes"),
    }),
  ];
}

function topK(at: Conversion): NodeProto[] {
  if (at.opset >= 10) return [at.node];
  const k = at.constant("k", vector("int64", [intOf(at.node, "k") ?? 1]));
  return [withFields(at.node, { input: [at.node.input[0] ?? "", k], attribute: without(at.node, "k") })];
}

function scan(at: Conversion): NodeProto[] {
  if (at.opset < 9) throw at.fail("its batch dimension has no counterpart");
  return [at.node];
}

function upsample(at: Conversion): NodeProto[] {
  const list = attributeOf(at.node, "scales")?.floats;
  const scales = list ? at.constant("scales", vector("float32", list)) : (at.node.input[1] ?? "");
  return [asymmetricResize(at, scales, "floor")];
}

/**
 * Resize of opset 10 maps positions as Upsample does; ONNX Runtime takes the nearest pixel below when it enlarges and
 * above when it shrinks (onnxruntime/core/providers/cpu/tensor/upsamplebase.h).
 */
function resize(at: Conversion): NodeProto[] {
  if (at.opset >= 11) {
    if (stringOf(at.node, "coordinate_transformation_mode") === "tf_half_pixel_for_nn") {
      throw at.fail('the mode "tf_half_pixel_for_nn" was removed');
    }
    return [at.node];
  }
  const name = at.node.input[1] ?? "";
  if (stringOf(at.node, "mode") === "linear") return [asymmetricResize(at, name, "floor")];
  const scales = Array.from(at.value(name)?.data ?? [], Number);
  const [grows, shrinks] = [scales.some((scale) => scale > 1), scales.some((scale) => scale < 1)];
  if (scales.length === 0) throw at.fail("whether it enlarges or shrinks is known only when it runs");
  if (grows && shrinks) throw at.fail("it enlarges one axis and shrinks another");
  return [asymmetricResize(at, name, shrinks ? "ceil" : "floor")];
}

function asymmetricResize({ node }: Conversion, scales: string, nearest: "floor" | "ceil"): NodeProto {
  return withFields(node, {
    opType: "Resize",
    input: [node.input[0] ?? "", "", scales],
    attribute: [
      ...without(node, "scales"),
      stringAttribute("coordinate_transformation_mode", "asymmetric"),
      stringAttribute("nearest_mode", nearest),
    ],
  });
}

export function without(node: NodeProto, ...names: readonly string[]): AttributeProto[] {
  return node.attribute.filter(({ name }) => !names.includes(name));
}
