import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { operatorOf, weightedOf } from "../operators/index.ts";
import type { Weighted } from "../operators/operator.ts";
import { roundHalfEven } from "../values/round.ts";
import type { QuantizationPlan } from "./plan.ts";

/** A bias as int32 codes of so fine a scale that float32 would round no less. */
export interface FineBias {
  readonly scale: number;
  readonly codes: Int32Array;
}

const LARGEST_CODE = 2 ** 30;

/**
 * The bias to give a float layer between 8-bit ones, so that it stays in float: where a Conv, ConvTranspose or Gemm
 * with constant float weights stands between DQ and Q, ONNX Runtime quantizes them itself when it loads the model, with one
 * scale a tensor (its WeightBiasQuantization pass), unless the bias is computed; a dequantized one counts as such.
 * Null where that pass leaves the layer alone.
 */
export function fineBias(
  node: NodeProto,
  { index, target }: Pick<QuantizationPlan, "index" | "target">,
  isQuantized: (tensor: string) => boolean,
): FineBias | null {
  const weighted = weightedOf(node, index);
  if (!weighted || !target.quantizesItself.has(node.opType)) return null;
  const weight = index.initializer(node.input[1] ?? "");
  if (!weight || dataTypeOf(weight.dataType) !== "float32") return null;
  if (!isQuantized(node.input[0] ?? "") || !leadsToQ(node, index, isQuantized)) return null;
  const name = node.input[2];
  if (!name) return { scale: 1, codes: new Int32Array(outputChannels(node, weighted, dimsOf(weight))) };
  const bias = index.initializer(name);
  if (bias?.dims.length !== 1 || dataTypeOf(bias.dataType) !== "float32") return null;
  const values = tensorOf(bias).data as Float32Array;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = Math.fround(largest / LARGEST_CODE) || 1;
  return { scale, codes: Int32Array.from(values, (value) => roundHalfEven(value / scale)) };
}

function leadsToQ(node: NodeProto, index: GraphIndex, isQuantized: (tensor: string) => boolean): boolean {
  const output = node.output[0] ?? "";
  if (isQuantized(output)) return true;
  const uses = index.uses(output);
  const next = uses[0]?.node;
  return (
    uses.length === 1 &&
    next !== undefined &&
    operatorOf(next, index)?.kind === "activation" &&
    leadsToQ(next, index, isQuantized)
  );
}

function outputChannels(node: NodeProto, { channelAxis, addsBias }: Weighted, dims: readonly number[]): number {
  const channels = dims[channelAxis(node, dims.length) ?? 0] ?? 1;
  return addsBias(node) ? channels : channels * (intOf(node, "group") ?? 1);
}
