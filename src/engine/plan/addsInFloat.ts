import { dimsOf } from "../onnx/tensor.ts";
import { readByFollower } from "./followers.ts";
import type { LayerPlan, QuantizationPlan, WrittenForm } from "./plan.ts";

/** From which opset on a QuantizeLinear may state the type of its codes. */
const STATES_TYPE = 21;

/** Whether pairs of Q and DQ are kept from being moved (emit/unmovedPairs.ts), so that ONNX Runtime makes Gemms of products of matrices alone. */
export function keepsPairs({ activations, opset }: WrittenForm): boolean {
  return activations?.type === "int8" && opset >= STATES_TYPE;
}

/**
 * Whether the bias that follows a product is added in float to what the product's kernel gives. ONNX Runtime makes a Gemm of pairs of both, which
 * adds in int32, only of matrices, or where all dimensions are known (matmul_add_fusion.cc); as operators on codes the product gives float.
 */
export function addsInFloat(bias: LayerPlan, plan: QuantizationPlan): boolean {
  const { index, written, target } = plan;
  if (!target.isHere || written === null) return false;
  if (written.format !== "qdq") return true;
  const [read = "", weight = ""] = index.producer(readByFollower(bias, index))?.input ?? [];
  const tensor = index.initializer(weight);
  const dims = written.shapeOf(read) ?? [];
  if (dims.length === 0 || !tensor || dimsOf(tensor).length !== 2) return true;
  if (dims.length === 2) return false;
  return keepsPairs(written) || dims.some((dim) => typeof dim !== "number");
}
