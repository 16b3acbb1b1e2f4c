import { npyBytes } from "../../src/engine/data/testing/files.ts";
import { makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";

const SIDE = 6;

/** Two layers whose tensors are called what every object has before anything is set. */
export function takenNames(): Uint8Array {
  const nodes = [
    makeNode("Conv", ["__proto__", "valueOf", "isPrototypeOf"], ["constructor"], { name: "hasOwnProperty" }),
    makeNode("Relu", ["constructor"], ["toString"], { name: "toLocaleString" }),
    makeNode("Conv", ["toString", "__lookupGetter__"], ["propertyIsEnumerable"], { name: "__defineGetter__" }),
  ];
  const constants = Object.fromEntries([
    ["valueOf", noise([4, 3, 3, 3])],
    ["isPrototypeOf", noise([4])],
    ["__lookupGetter__", noise([5, 4, 1, 1], 7)],
  ]);
  const inputs = [floatInput("__proto__", [1, 3, SIDE, SIDE])];
  return concat(encodeModel(buildModel({ opset: 13, inputs, outputs: ["propertyIsEnumerable"], nodes, constants })));
}

export function takenSamples(count: number): Uint8Array {
  const values = Float32Array.from({ length: count * 3 * SIDE * SIDE }, (_, i) => Math.sin(i * i));
  return npyBytes("<f4", [count, 3, SIDE, SIDE], values);
}
