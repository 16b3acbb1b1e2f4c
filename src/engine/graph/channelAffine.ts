import type { Tensor } from "../model/tensor.ts";
import { floatOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, tensorOf } from "../onnx/tensor.ts";
import { weightedOf } from "../operators/index.ts";

/** y = x * factor + offset, by channel. */
export interface Affine {
  readonly factor: Float64Array;
  readonly offset: Float64Array;
}

/** A node that does this to the channels of a tensor, and the tensor. */
export interface ChannelAffine {
  readonly input: string;
  /** By the output channels of the layer that makes the tensor; undefined where it is not by channel. */
  readonly of: (layer: NodeProto) => Affine | undefined;
  /** What the node is called in what is said of it. */
  readonly noun: string;
}

export const NORMALIZATION = "BatchNormalization layer";

/** What a node does by channel: BatchNormalization, or a Mul, Add, Sub or Div with a constant; undefined for others. */
export function channelAffine(node: NodeProto, index: GraphIndex): ChannelAffine | undefined {
  if (!isDefaultDomain(node.domain)) return undefined;
  if (node.opType === "BatchNormalization") {
    const affine = normalization(node, index);
    return affine && { input: node.input[0] ?? "", of: () => affine, noun: NORMALIZATION };
  }
  const at = node.input.findIndex((name) => floatConstant(index, name) !== undefined);
  const compute = ELEMENTWISE[node.opType]?.[at];
  const constant = floatConstant(index, node.input[at]);
  const input = node.input[1 - at] ?? "";
  if (!compute || !constant || index.initializer(input)) return undefined;
  const of = (layer: NodeProto) => {
    const values = byChannel(constant, layer, index);
    const affine = values && compute(values);
    return affine && [...affine.factor, ...affine.offset].every(Number.isFinite) ? affine : undefined;
  };
  return { input, of, noun: `constant ${node.opType}` };
}

/** https://onnx.ai/onnx/operators/onnx__BatchNormalization.html: (x - mean) / sqrt(var + epsilon) * scale + B. */
function normalization(node: NodeProto, index: GraphIndex): Affine | undefined {
  if (node.output.slice(1).some((name) => name && (index.isOutput(name) || index.uses(name).length > 0)))
    return undefined;
  const [scale, shift, mean, variance] = node.input.slice(1).map((name) => floatConstant(index, name)?.data);
  if (!scale || !shift || !mean || !variance) return undefined;
  const epsilon = floatOf(node, "epsilon") ?? 1e-5;
  const at = (data: Tensor["data"], i: number) => Number(data[i]);
  const factor = Float64Array.from(
    { length: scale.length },
    (_, i) => at(scale, i) / Math.sqrt(at(variance, i) + epsilon),
  );
  const offset = factor.map((value, i) => at(shift, i) - at(mean, i) * value);
  return { factor, offset };
}

type Compute = (constant: Float64Array) => Affine;

const filled = (like: Float64Array, value: number) => new Float64Array(like.length).fill(value);
const multiplied: Compute = (c) => ({ factor: c, offset: filled(c, 0) });
const added: Compute = (c) => ({ factor: filled(c, 1), offset: c });

/** By operator, what it comes to with a constant as its first and as its second input. */
const ELEMENTWISE: Readonly<Record<string, readonly [Compute | null, Compute]>> = {
  Mul: [multiplied, multiplied],
  Add: [added, added],
  Sub: [
    (c) => ({ factor: filled(c, -1), offset: c }),
    (c) => ({ factor: filled(c, 1), offset: c.map((value) => -value) }),
  ],
  Div: [null, (c) => ({ factor: c.map((value) => 1 / value), offset: filled(c, 0) })],
};

/** The constant's value for each output channel of a layer; undefined where it is not one a channel, or one for all. */
function byChannel({ dims, data }: Tensor, layer: NodeProto, index: GraphIndex): Float64Array | undefined {
  const operator = weightedOf(layer, index);
  const weight = floatConstant(index, layer.input[1]);
  if (!operator || !weight) return undefined;
  const channels = operator.channels(layer, weight.dims);
  // The rank of what a MatMul makes is that of its input, which need not be known.
  const rank = operator.bias === "next" ? 1 : weight.dims.length;
  if (dims.length > rank) return undefined;
  if (data.length === 1) return new Float64Array(channels).fill(Number(data[0]));
  const axis = operator.outputAxis === -1 ? dims.length - 1 : dims.length - rank + operator.outputAxis;
  if (data.length !== channels || dims[axis] !== channels) return undefined;
  return Float64Array.from(data as Float32Array);
}

export function floatConstant(index: GraphIndex, name: string | undefined): Tensor | undefined {
  const proto = name ? index.initializer(name) : undefined;
  return proto && dataTypeOf(proto.dataType) === "float32" ? tensorOf(proto) : undefined;
}
