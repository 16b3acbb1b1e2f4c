import type { Tensor } from "../../src/engine/model/tensor.ts";
import { intAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { encodeModel } from "../../src/engine/onnx/encode.ts";
import { scalar, vector } from "../../src/engine/onnx/tensor.ts";
import { buildModel, floatInput } from "../../src/engine/onnx/testing/build.ts";

const CODES = Int8Array.of(127, 0, 0, -127, 0, 0, 0, 0);
const SCALES = [2 ** -6, 2 ** -5];
const ends = { opset: 13, inputs: [floatInput("x", ["n", 4])], outputs: [floatInput("y", ["n", 2])] };

/** A product and a Relu. */
export function floatModel(): Uint8Array {
  const data = Float32Array.from(CODES, (code, i) => code * SCALES[i % 2]!);
  const weight: Tensor = { type: "float32", dims: [4, 2], data };
  const nodes = [
    makeNode("MatMul", ["x", "w"], ["h"], { name: "product" }),
    makeNode("Relu", ["h"], ["y"], { name: "rectified" }),
  ];
  return Buffer.concat(encodeModel(buildModel({ ...ends, nodes, constants: { w: weight } })));
}

/** As ONNX Runtime's own tool writes it: codes of the weight a channel, the Relu in the range of what it makes. */
export function quantizedModel(): Uint8Array {
  const nodes = [
    makeNode("DequantizeLinear", ["w_quantized", "w_scale", "w_zero_point"], ["w_DequantizeLinear_Output"], {
      attributes: [intAttribute("axis", 1)],
    }),
    makeNode("QuantizeLinear", ["x", "x_scale", "x_zero_point"], ["x_QuantizeLinear_Output"]),
    makeNode("DequantizeLinear", ["x_QuantizeLinear_Output", "x_scale", "x_zero_point"], ["x_DequantizeLinear_Output"]),
    makeNode("MatMul", ["x_DequantizeLinear_Output", "w_DequantizeLinear_Output"], ["y_QuantizeLinear_Input"], {
      name: "product",
    }),
    makeNode("QuantizeLinear", ["y_QuantizeLinear_Input", "y_scale", "y_zero_point"], ["y_QuantizeLinear_Output"]),
    makeNode("DequantizeLinear", ["y_QuantizeLinear_Output", "y_scale", "y_zero_point"], ["y"]),
  ];
  const constants: Record<string, Tensor> = {
    ...{ w_quantized: { type: "int8", dims: [4, 2], data: CODES }, w_scale: vector("float32", SCALES) },
    ...{
      w_zero_point: vector("int8", [0, 0]),
      x_scale: scalar("float32", 2 / 255),
      x_zero_point: scalar("uint8", 128),
    },
    ...{ y_scale: scalar("float32", 4 / 255), y_zero_point: scalar("uint8", 0) },
  };
  return Buffer.concat(encodeModel(buildModel({ ...ends, nodes, constants })));
}
