import type { Recipe } from "../model/recipe.ts";
import { floatOf, intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { isFiniteWeight, type WeightUse } from "./weightUse.ts";

/** Operators of ONNX Runtime's own that read a weight in blocks as its codes. */
export type OwnOperator = "MatMulNBits" | "GatherBlockQuantized" | "MatMulBnb4";

/** The part of a recipe that decides whether such an operator is written. */
export type OwnOperatorChoices = Pick<Recipe, "format"> & {
  readonly weights: Pick<Recipe["weights"], "type" | "block" | "operator">;
};

/** Whether layers become operators of the runtime's own where they fit. */
export function takesOwnOperators({ format, weights }: OwnOperatorChoices): boolean {
  const isAsked = weights.operator === "matmulnbits" || weights.type === "nf4";
  return (format === "weights" || format === "q4f16") && isAsked && weights.block !== undefined;
}

/** The operator that a layer with a weight becomes; null where a DequantizeLinear gives the layer its weight. */
export function ownOperator(
  node: NodeProto,
  use: WeightUse,
  index: GraphIndex,
  choices: OwnOperatorChoices,
): OwnOperator | null {
  if (!takesOwnOperators(choices) || !isDefaultDomain(node.domain)) return null;
  if (node.opType === "Gather") return "GatherBlockQuantized";
  if (use.input !== 1 || index.initializer(use.name)?.dims.length !== 2) return null;
  const multiplying = choices.weights.type === "nf4" ? "MatMulBnb4" : "MatMulNBits";
  if (node.opType === "MatMul") return multiplying;
  const isPlain = (floatOf(node, "alpha") ?? 1) === 1 && (floatOf(node, "beta") ?? 1) === 1 && !intOf(node, "transA");
  return node.opType === "Gemm" && isPlain ? multiplying : null;
}

/** The table that a Gather looks rows up in, where it can stay in blocks; null for any other layer. */
export function lookedUpTable(node: NodeProto, index: GraphIndex, choices: OwnOperatorChoices): WeightUse | null {
  if (
    !takesOwnOperators(choices) ||
    choices.weights.type === "nf4" ||
    choices.format === "q4f16" ||
    node.opType !== "Gather" ||
    !isDefaultDomain(node.domain)
  )
    return null;
  const name = node.input[0] ?? "";
  const table = index.initializer(name);
  if (table?.dims.length !== 2 || (intOf(node, "axis") ?? 0) !== 0) return null;
  if (index.initializer(node.input[1] ?? "") || dataTypeOf(table.dataType) !== "float32") return null;
  const [, width = 0] = dimsOf(table);
  if (elementCount(dimsOf(table)) === 0 || width % (choices.weights.block ?? 1) !== 0 || !isFiniteWeight(table)) {
    return null;
  }
  return { name, input: 0, axis: 0, hasChannelScales: true, blockAxis: 1, bias: null };
}
