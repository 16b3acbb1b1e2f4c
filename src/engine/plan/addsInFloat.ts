import { dimsOf } from "../onnx/tensor.ts";
import { readByFollower } from "./chain.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

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
  return dims.length !== 2 && dims.some((dim) => typeof dim !== "number");
}
