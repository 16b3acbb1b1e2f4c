import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { operatorOf, weightedOf } from "../operators/index.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/**
 * The bias of a float layer between rounded ones that is not to be found constant, so that the layer stays in float: where constant float
 * weights stand between DQ and Q, a target may quantize them itself when it loads the model, with one scale a tensor,
 * unless the bias is computed; a dequantized one counts as such. Its values, or how many zeros it is; null where the
 * target leaves the layer alone.
 */
export function floatBias(
  node: NodeProto,
  { index, target }: Pick<QuantizationPlan, "index" | "target">,
  isQuantized: (tensor: string) => boolean,
): Float32Array | number | null {
  const weighted = weightedOf(node, index);
  if (!weighted || !target.quantizesItself.has(node.opType)) return null;
  const weight = index.initializer(node.input[1] ?? "");
  if (!weight || dataTypeOf(weight.dataType) !== "float32") return null;
  if (!isQuantized(node.input[0] ?? "") || !leadsToQ(node.output[0] ?? "", index, isQuantized)) return null;
  const name = node.input[2];
  if (!name) return weighted.channels(node, dimsOf(weight));
  const bias = index.initializer(name);
  if (bias?.dims.length !== 1 || dataTypeOf(bias.dataType) !== "float32") return null;
  return tensorOf(bias).data as Float32Array;
}

/**
 * The constant that a layer between rounded ones adds, or the Add after it, whose weights are in integers: where these are multiplied as float, a
 * target that quantizes biases itself rounds it to the steps of input times weight, which are coarse of 4 bits, unless it is dequantized already.
 */
export function addedBias(
  { node, weightUse: use }: LayerPlan,
  { index, target, groupOf }: Pick<QuantizationPlan, "index" | "target" | "groupOf">,
): Float32Array | null {
  if (!use || target.biases !== "int32" || target.quantizesItself.size === 0) return null;
  const own = target.quantizesItself.has(node.opType) ? (node.input[2] ?? "") : "";
  const bias = index.initializer(use.bias?.name ?? own);
  if (bias?.dims.length !== 1 || dataTypeOf(bias.dataType) !== "float32") return null;
  const isQuantized = (tensor: string) => groupOf.has(tensor);
  const output = use.bias?.output ?? node.output[0] ?? "";
  if (!isQuantized(node.input[1 - use.input] ?? "") || !leadsToQ(output, index, isQuantized)) return null;
  const values = tensorOf(bias).data as Float32Array;
  return values.every((value) => Number.isFinite(value)) ? values : null;
}

function leadsToQ(tensor: string, index: GraphIndex, isQuantized: (tensor: string) => boolean): boolean {
  for (let output = tensor; ; ) {
    if (isQuantized(output)) return true;
    const [use, ...others] = index.uses(output);
    if (!use || others.length > 0 || operatorOf(use.node, index)?.kind !== "activation") return false;
    output = use.node.output[0] ?? "";
  }
}
