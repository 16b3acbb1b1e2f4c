import type { Tensor } from "../../src/engine/model/tensor.ts";
import { makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { buildModel, floatInput } from "../../src/engine/onnx/testing/build.ts";

/** One Gemm whose square weight takes about so many bytes. */
export function wideModel(bytes: number): Uint8Array {
  const side = Math.floor(Math.sqrt(bytes / Float32Array.BYTES_PER_ELEMENT));
  const data = new Float32Array(side * side).map((_, index) => ((index * 7919) % 1009) / 1009 - 0.5);
  const weight: Tensor = { dims: [side, side], type: "float32", data };
  const nodes = [makeNode("Gemm", ["x", "weight"], ["y"], { name: "wide" })];
  const inputs = [floatInput("x", [1, side])];
  return concat(encodeModel(buildModel({ opset: 13, inputs, outputs: ["y"], nodes, constants: { weight } })));
}
