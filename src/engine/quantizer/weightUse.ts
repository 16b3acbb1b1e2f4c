import { isAllFinite } from "../numerics/finite.ts";
import { floatOf, intOf } from "../onnx/attributes.ts";
import { biasPlace } from "../onnx/biasPlace.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, passingFloats, tensorOf } from "../onnx/tensor.ts";

/** The constant that a weighted layer multiplies by. */
export interface WeightUse {
  readonly name: string;
  /** Its position among the node's inputs. */
  readonly input: number;
  /** The axis of output channels; null where channels cannot have scales of their own. */
  readonly axis: number | null;
  /** The constant bias that becomes int32, or null. */
  readonly bias: BiasUse | null;
}

/** A constant added to a weighted layer's result, one value an output channel. */
export interface BiasUse {
  readonly name: string;
  /** What the node that adds it makes, and its position there: the layer itself, or the Add after a MatMul. */
  readonly output: string;
  readonly input: number;
}

/**
 * How a weighted node uses its weight; null when both factors are activations (MatMul and Gemm), or a sentence that
 * says why the layer cannot be quantized. Axes: Conv 0, ConvTranspose 1, Gemm 0 if transB else 1, MatMul the last.
 */
export function weightUse(node: NodeProto, index: GraphIndex): WeightUse | string | null {
  const isConv = node.opType === "Conv" || node.opType === "ConvTranspose";
  const input = index.initializer(node.input[1] ?? "") ? 1 : index.initializer(node.input[0] ?? "") ? 0 : -1;
  if (isConv && input !== 1) return "its weight is computed at run time";
  if (input === -1) return null;
  const name = node.input[input] ?? "";
  const weight = index.initializer(name) as TensorProto;
  if (dataTypeOf(weight.dataType) !== "float32") return "its weight is not float32";
  if (!isFiniteWeight(weight)) {
    return `its weight ${name} holds NaN or infinite values`;
  }
  const rank = weight.dims.length;
  if (rank < 2) return "its weight is a vector, which gains nothing from 8 bits";
  const axis = input === 1 ? channelAxis(node, rank) : null;
  const channels = axis === null ? null : Number(weight.dims[axis]);
  const grouped = node.opType === "ConvTranspose" && (intOf(node, "group") ?? 1) > 1;
  return { name, input, axis, bias: grouped ? null : biasOf(node, index, channels) };
}

const finite = new WeakMap<TensorProto, boolean>();

/** Looks at a weight's values once, however often its graph is planned. */
function isFiniteWeight(weight: TensorProto): boolean {
  const known = finite.get(weight) ?? isAllFinite(passingFloats(weight));
  finite.set(weight, known);
  return known;
}

function channelAxis(node: NodeProto, rank: number): number | null {
  switch (node.opType) {
    case "Conv":
      return 0;
    case "ConvTranspose":
      return 1;
    case "Gemm":
      return intOf(node, "transB") ? 0 : 1;
    default:
      return rank === 2 ? 1 : null;
  }
}

/** A finite bias with one value per output channel, added as it is. */
function biasOf(node: NodeProto, index: GraphIndex, channels: number | null): BiasUse | null {
  if (channels === null) return null;
  if (node.opType === "Gemm" && ((floatOf(node, "alpha") ?? 1) !== 1 || (floatOf(node, "beta") ?? 1) !== 1))
    return null;
  const place = biasPlace(node, index);
  const name = place?.node.input[place.input];
  const bias = name ? index.initializer(name) : undefined;
  if (!place || !name || !bias || dimsOf(bias)[0] !== channels) return null;
  if (place.node !== node && index.isOutput(node.output[0] ?? "")) return null;
  if (!isAllFinite(tensorOf(bias).data as Float32Array)) return null;
  return { name, output: place.node.output[0] ?? "", input: place.input };
}
