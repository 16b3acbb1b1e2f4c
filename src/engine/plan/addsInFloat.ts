import { dimsOf } from "../onnx/tensor.ts";
import { readByFollower } from "./chain.ts";
import type { LayerPlan, QuantizationPlan, WrittenForm } from "./plan.ts";

/** From which opset on a QuantizeLinear may state the type of its codes. */
export const STATES_TYPE = 21;

/**
 * Whether what is added to a product of a tensor of so many dimensions, which may not be known, is written as a row (emit/unmovedPairs.ts), of
 * which ONNX Runtime makes no Gemm.
 */
export function isRow(dims: readonly unknown[] | undefined, { activations, opset }: WrittenForm): boolean {
  return activations?.type === "int8" && opset >= STATES_TYPE && (dims === undefined || dims.length > 2);
}

/**
 * Whether the bias that follows a product is added in float to what the product's kernel gives. ONNX Runtime makes a Gemm of pairs of both, which
 * adds in int32, only of matrices, or where all dimensions are known (matmul_add_fusion.cc); as operators on codes the product gives float.
 */
export function addsInFloat(bias: LayerPlan, plan: QuantizationPlan): boolean {
  const { index, written, target } = plan;
  if (!target.isHere || written === null) return false;
  if (written.format !== "qdq") return true;
  const [read = "", weight = ""] = index.producer(readByFollower(bias, plan))?.input ?? [];
  const tensor = index.initializer(weight);
  const dims = written.shapeOf(read) ?? [];
  if (dims.length === 0 || !tensor || dimsOf(tensor).length !== 2) return true;
  if (dims.length === 2) return false;
  return isRow(dims, written) || dims.some((dim) => typeof dim !== "number");
}
