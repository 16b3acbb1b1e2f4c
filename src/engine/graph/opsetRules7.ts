import {
  attributeOf,
  floatAttribute,
  floatOf,
  floatsAttribute,
  intAttribute,
  intOf,
  intsAttribute,
  makeNode,
  stringAttribute,
  stringOf,
} from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { TensorProto_DataType as Code, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { type Conversion, without } from "./opsetRules.ts";

/**
 * Operators that mean the same in opset 7 as in every opset before it that has them, but for `consumed_inputs`: compared by
 * their schemas in ONNX 1.23, where later versions only add types, or attributes whose default is the old behaviour.
 */
export const UNCHANGED_7: ReadonlySet<string> = new Set(
  `Abs ArgMax ArgMin AveragePool Ceil Clip Constant Conv ConvTranspose DepthToSpace Elu Exp Flatten Floor Gather
  GlobalAveragePool GlobalMaxPool HardSigmoid Hardmax Identity If InstanceNormalization LRN LeakyRelu Log LogSoftmax Loop
  LpNormalization MatMul Max MaxPool MaxRoiPool Mean Min Neg Not RandomNormal RandomNormalLike RandomUniform
  RandomUniformLike Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
  ReduceSum ReduceSumSquare Relu Shape Sigmoid Size Slice Softmax Softplus Softsign SpaceToDepth Sqrt Squeeze Sum Tanh TopK
  Transpose Unsqueeze`.split(/\s+/),
);

/** How each operator that changed between opsets 1 and 7 is written in opset 7. */
export const CONVERSIONS_7: Readonly<Record<string, (conversion: Conversion) => readonly NodeProto[]>> = {
  Add: broadcast,
  And: broadcast,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Concat: (at) => [at.opset < 4 ? withDefault(at.node, intAttribute("axis", 1)) : at.node],
  Div: broadcast,
  Dropout: dropout,
  Equal: broadcast,
  GRU: recurrent,
  Gemm: ({ node }) => [withFields(node, { attribute: without(node, "broadcast") })],
  GlobalLpPool: wholeNorm,
  Greater: broadcast,
  LSTM: recurrent,
  Less: broadcast,
  LpPool: wholeNorm,
  Mul: broadcast,
  Or: broadcast,
  PRelu: prelu,
  Pad: pad,
  Pow: broadcast,
  RNN: recurrent,
  Reshape: reshape,
  Selu: selu,
  Split: split,
  Sub: broadcast,
  Tile: tile,
  Upsample: upsample,
  Xor: broadcast,
};

/** The second input fits the first's last axes, or those from `axis` on: then axes are added behind it. */
function broadcast(at: Conversion): NodeProto[] {
  const { node } = at;
  const [first = "", second = ""] = node.input;
  const axis = intOf(node, "broadcast") === 1 ? intOf(node, "axis") : undefined;
  const plain = withFields(node, { attribute: without(node, "axis", "broadcast") });
  if (axis === undefined || at.value(second)?.data.length === 1) return [plain];
  const [rank, own] = [at.rank(first), at.rank(second)];
  if (rank === undefined || own === undefined) {
    throw at.fail(`how many dimensions it reads is not known, which its axis ${axis} depends on`);
  }
  const behind = rank - (axis < 0 ? axis + rank : axis) - own;
  if (behind < 0) throw at.fail(`its axis ${axis} leaves no room for the ${own} dimensions of its second input`);
  return behind === 0 ? [plain] : extended(at, plain, own, behind);
}

/** The node, its second input with axes of length 1 behind its own. */
function extended(at: Conversion, node: NodeProto, own: number, behind: number): NodeProto[] {
  const [first = "", second = ""] = node.input;
  const aligned = at.tensor("aligned");
  const axes = Array.from({ length: behind }, (_, i) => own + i);
  return [
    makeNode("Unsqueeze", [second], [aligned], { attributes: [intsAttribute("axes", axes)] }),
    withFields(node, { input: [first, aligned] }),
  ];
}

/** A slope is one a channel of axis 1, or one for all; since opset 7 it is broadcast from the last axis. */
function prelu(at: Conversion): NodeProto[] {
  const [input = "", slope = ""] = at.node.input;
  const [rank, own] = [at.rank(input), at.rank(slope)];
  if (at.value(slope)?.data.length === 1) return [at.node];
  if (rank === undefined || own === undefined) throw at.fail("how many dimensions it reads is not known");
  return own === 1 && rank > 2 ? extended(at, at.node, own, rank - 2) : [at.node];
}

function batchNormalization(at: Conversion): NodeProto[] {
  const isTraining = (intOf(at.node, "is_test") ?? 0) === 0 && at.node.output.slice(1).some(Boolean);
  if (isTraining) throw at.fail("it is in training mode (is_test = 0)");
  return [withFields(at.node, { output: at.node.output.slice(0, 1), attribute: without(at.node, "is_test") })];
}

function dropout(at: Conversion): NodeProto[] {
  if ((intOf(at.node, "is_test") ?? 0) === 0) throw at.fail("it is in training mode (is_test = 0)");
  return [withFields(at.node, { attribute: without(at.node, "is_test") })];
}

function cast(at: Conversion): NodeProto[] {
  if (at.opset >= 6) return [at.node];
  const name = (stringOf(at.node, "to") ?? "").toUpperCase();
  const code = Object.hasOwn(Code, name) ? Code[name as keyof typeof Code] : undefined;
  if (typeof code !== "number") throw at.fail(`it names no type ("${name}")`);
  return [withFields(at.node, { attribute: [intAttribute("to", code)] })];
}

/** The exponent of a norm was a float. */
function wholeNorm(at: Conversion): NodeProto[] {
  if (at.opset >= 2) return [at.node];
  const p = floatOf(at.node, "p") ?? 2;
  if (!Number.isInteger(p)) throw at.fail(`its norm is of order ${p}, and only whole ones are known since`);
  if (at.node.opType === "LpPool" && !attributeOf(at.node, "kernel_shape")) throw at.fail("it has no kernel_shape");
  return [withFields(at.node, { attribute: [...without(at.node, "p"), intAttribute("p", p)] })];
}

function recurrent({ node }: Conversion): NodeProto[] {
  return [withFields(node, { attribute: without(node, "output_sequence") })];
}

function pad({ node, opset }: Conversion): NodeProto[] {
  const paddings = attributeOf(node, "paddings");
  if (opset >= 2 || !paddings) return [node];
  return [withFields(node, { attribute: [...without(node, "paddings"), withFields(paddings, { name: "pads" })] })];
}

function reshape(at: Conversion): NodeProto[] {
  const shape = attributeOf(at.node, "shape")?.ints;
  if (at.opset >= 5 || !shape) return [at.node];
  const input = [at.node.input[0] ?? "", at.constant("shape", vector("int64", shape))];
  return [withFields(at.node, { input, attribute: without(at.node, "shape") })];
}

/** Its constants had fewer digits. */
function selu({ node, opset }: Conversion): NodeProto[] {
  if (opset >= 6) return [node];
  return [withDefault(withDefault(node, floatAttribute("alpha", 1.6732)), floatAttribute("gamma", 1.0507))];
}

function split(at: Conversion): NodeProto[] {
  if (at.node.input[1]) throw at.fail("it reads how to split");
  return [at.node];
}

function tile(at: Conversion): NodeProto[] {
  if (at.opset >= 6) return [at.node];
  const [input = "", tiles = "", axis = ""] = at.node.input;
  const [times, along] = [at.value(tiles)?.data[0], at.value(axis)?.data[0]];
  const rank = at.rank(input);
  if (times === undefined || along === undefined || rank === undefined) {
    throw at.fail("how often it repeats which axis is known only when it runs");
  }
  const repeats = new Array<number>(rank).fill(1);
  repeats[Number(along)] = Number(times);
  return [withFields(at.node, { input: [input, at.constant("repeats", vector("int64", repeats))] })];
}

function upsample({ node }: Conversion): NodeProto[] {
  const scales = floatsAttribute("scales", [
    1,
    1,
    floatOf(node, "height_scale") ?? 1,
    floatOf(node, "width_scale") ?? 1,
  ]);
  const mode = stringOf(node, "mode") === "bilinear" ? [stringAttribute("mode", "linear")] : [];
  const kept = without(node, "height_scale", "width_scale", ...(mode.length > 0 ? ["mode"] : []));
  return [withFields(node, { attribute: [...kept, ...mode, scales] })];
}

function withDefault(node: NodeProto, attribute: NodeProto["attribute"][number]): NodeProto {
  return attributeOf(node, attribute.name) ? node : withFields(node, { attribute: [...node.attribute, attribute] });
}
