import { npyBytes } from "../../src/engine/data/testing/files.ts";
import { intAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";

const SIDE = 4;

/** Two heads whose logits are joined and turned into probabilities, none of them near 1/2 on `negatives`. */
export function detector(): Uint8Array {
  const nodes = [
    makeNode("Conv", ["image", "near", "bias"], ["near_logits"], { name: "near" }),
    makeNode("Conv", ["image", "far", "bias"], ["far_logits"], { name: "far" }),
    makeNode("Concat", ["near_logits", "far_logits"], ["logits"], {
      name: "join",
      attributes: [intAttribute("axis", 1)],
    }),
    makeNode("Sigmoid", ["logits"], ["scores"], { name: "scores" }),
  ];
  const constants = {
    near: noise([4, 3, 1, 1]),
    far: noise([4, 3, 1, 1], 5),
    bias: { type: "float32", dims: [4], data: new Float32Array(4).fill(-5) } as const,
  };
  const inputs = [floatInput("image", [1, 3, SIDE, SIDE])];
  return concat(encodeModel(buildModel({ opset: 17, inputs, outputs: ["scores"], nodes, constants })));
}

export function negatives(count: number): Uint8Array {
  const values = Float32Array.from({ length: count * 3 * SIDE * SIDE }, (_, i) => Math.sin(i * i) / 2);
  return npyBytes("<f4", [count, 3, SIDE, SIDE], values);
}
