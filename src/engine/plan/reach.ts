import type { Statistics } from "../model/statistics.ts";
import { dataTypeOf, tensorOf } from "../onnx/tensor.ts";
import type { QuantizationPlan } from "./plan.ts";

/** The largest magnitude of a tensor that was observed, or of a float32 constant; null of all else, and where nothing finite was seen. */
export function reachIn(
  { index }: Pick<QuantizationPlan, "index">,
  statistics: Statistics,
): (name: string) => number | null {
  return (name) => {
    const seen = statistics.get(name);
    if (seen) return seen.finite > 0 ? Math.max(-seen.min, seen.max) : null;
    const constant = index.initializer(name);
    if (!constant || dataTypeOf(constant.dataType) !== "float32") return null;
    let reach = 0;
    for (const value of tensorOf(constant).data as Float32Array) reach = Math.max(reach, Math.abs(value));
    return Number.isFinite(reach) ? reach : null;
  };
}
