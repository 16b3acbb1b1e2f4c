import { npyBytes } from "../../src/engine/data/testing/files.ts";
import { makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";

const [INPUTS, HIDDEN, OUTPUTS] = [64, 96, 16];

/** Two matrices with a Relu between. */
export function perceptron(): Uint8Array {
  const model = buildModel({
    opset: 21,
    inputs: [floatInput("x", ["batch", INPUTS])],
    outputs: ["y"],
    nodes: [
      makeNode("MatMul", ["x", "into"], ["sums"], { name: "into" }),
      makeNode("Relu", ["sums"], ["kept"], { name: "relu" }),
      makeNode("MatMul", ["kept", "out_of"], ["y"], { name: "out_of" }),
    ],
    constants: { into: noise([INPUTS, HIDDEN], 1), out_of: noise([HIDDEN, OUTPUTS], 2) },
  });
  return concat(encodeModel(model));
}

/** Samples whose values have much in common, as those of real layers have, as a .npy file. */
export function alikeSamples(samples: number): Uint8Array {
  const own = noise([samples, INPUTS], 3).data as Float32Array;
  const common = noise([samples, 2], 4).data as Float32Array;
  const values = own.map((value, at) => {
    const sample = Math.floor(at / INPUTS);
    return 0.3 * value + 2 * common[2 * sample]! * Math.sin(at % INPUTS) + common[2 * sample + 1]!;
  });
  return npyBytes("<f4", [samples, INPUTS], new Float32Array(values));
}
