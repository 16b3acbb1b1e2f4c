import type { Tensor, TensorMap } from "../model/tensor.ts";
import { widenHalf } from "../values/halfFloats.ts";

/** Outputs of a model with those of float16 and float64 as float32, in which all are compared. */
export function widened(outputs: TensorMap): TensorMap {
  return new Map([...outputs].map(([name, tensor]) => [name, inFloat32(tensor)]));
}

function inFloat32(tensor: Tensor): Tensor {
  const { type, dims, data } = tensor;
  if (type === "float16") return { type: "float32", dims, data: Float32Array.from(data as Uint16Array, widenHalf) };
  return type === "float64" ? { type: "float32", dims, data: Float32Array.from(data as Float64Array) } : tensor;
}
