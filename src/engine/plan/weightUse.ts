import type { Deferred } from "../model/deferred.ts";
import type { Reason } from "../model/reason.ts";
import { isAllFinite } from "../numerics/finite.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, passingFloats, tensorOf } from "../onnx/tensor.ts";
import { deferredOf } from "../onnx/tensorBytes.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import type { Weighted } from "../operators/operator.ts";
import type { Target } from "../targets/target.ts";
import { elementCount } from "../values/dims.ts";

/** The constant that a weighted layer multiplies by. */
export interface WeightUse {
  readonly name: string;
  /** Its position among the node's inputs. */
  readonly input: number;
  /** The axis of output channels; null where channels cannot have scales of their own. */
  readonly axis: number | null;
  /** Whether it may have a scale for each of them where a recipe asks for that. */
  readonly hasChannelScales: boolean;
  /** The axis along which its values may share scales in blocks: that of inputs; null where they cannot. */
  readonly blockAxis: number | null;
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

/** How a weighted node uses its weight; null when both factors are activations, or why it cannot be quantized. */
export function weightUse(
  node: NodeProto,
  weighted: Weighted,
  index: GraphIndex,
  { fusesAdd, perChannel }: Pick<Target, "fusesAdd" | "perChannel">,
): WeightUse | Reason | null {
  const input = index.initializer(node.input[1] ?? "") ? 1 : index.initializer(node.input[0] ?? "") ? 0 : -1;
  if (weighted.factors === "second" && input !== 1) return { code: "weight-at-run-time" };
  if (input === -1) return null;
  const name = node.input[input] ?? "";
  const weight = index.initializer(name) as TensorProto;
  if (dataTypeOf(weight.dataType) !== "float32") return { code: "weight-type" };
  if (!isFiniteWeight(weight)) return { code: "weight-not-finite", weight: name };
  const rank = weight.dims.length;
  if (rank < 2) return { code: "weight-vector" };
  if (elementCount(dimsOf(weight)) === 0) return { code: "weight-empty" };
  const axis = input === 1 ? weighted.channelAxis(node, rank) : null;
  const channels = axis === null ? null : Number(weight.dims[axis]);
  const hasBias = weighted.addsBias(node) && (weighted.bias === "own" || fusesAdd.has(node.opType));
  const hasChannelScales = perChannel?.has(node.opType) ?? true;
  const blockAxis = weighted.inputAxis?.(node, rank, input) ?? null;
  return { name, input, axis, hasChannelScales, blockAxis, bias: hasBias ? biasOf(node, index, channels) : null };
}

/** By what gives a weight's bytes, or by the weight. */
const finite = new WeakMap<object, boolean>();

/** Looks at a weight's values once, however often its graph is planned. */
export function isFiniteWeight(weight: TensorProto): boolean {
  const key = deferredOf(weight) ?? weight;
  const known = finite.get(key) ?? isAllFinite(passingFloats(weight));
  finite.set(key, known);
  return known;
}

/** Takes what was seen of weights that are not in memory while their file was read. */
export function rememberFinite(bytes: Deferred, areFinite: boolean): void {
  finite.set(bytes, areFinite);
}

/** A finite bias with one value per output channel, added as it is. */
function biasOf(node: NodeProto, index: GraphIndex, channels: number | null): BiasUse | null {
  if (channels === null) return null;
  const place = biasPlace(node, index);
  const name = place?.node.input[place.input];
  const bias = name ? index.initializer(name) : undefined;
  if (!place || !name || !bias || dimsOf(bias)[0] !== channels) return null;
  if (!isAllFinite(tensorOf(bias).data as Float32Array)) return null;
  return { name, output: place.node.output[0] ?? "", input: place.input };
}
