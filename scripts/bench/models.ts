import { closeSync, openSync, writeSync } from "node:fs";
import type { Tensor } from "../../src/engine/model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { encodeModel } from "../../src/engine/onnx/encode.ts";
import type { NodeProto } from "../../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput } from "../../src/engine/onnx/testing/build.ts";

const CHANNELS = 512;
const SIDE = 4;
const WIDTH = 2048;

/**
 * A model of at least so many bytes of float32 weights, as the parts of its file: 3x3 convolutions and, three times as
 * many, Gemm and MatMul layers, each with a Relu. Values are seeded and bell-shaped, as trained weights are.
 */
export function largeModel(bytes: number): Uint8Array[] {
  const nodes: NodeProto[] = [];
  const constants: Record<string, Tensor> = {};
  let size = 0;
  const constant = (name: string, dims: readonly number[], spread: number): string => {
    const tensor = bells(dims, spread, nodes.length + 1);
    constants[name] = tensor;
    size += tensor.data.byteLength;
    return name;
  };
  const relu = (input: string): string => {
    nodes.push(makeNode("Relu", [input], [`${input}/relu`], { name: `${input}/relu` }));
    return `${input}/relu`;
  };
  let last = "image";
  while (size < bytes / 4) {
    const name = `conv_${nodes.length}`;
    const weight = constant(`${name}_weight`, [CHANNELS, CHANNELS, 3, 3], Math.sqrt(2 / (CHANNELS * 9)));
    const bias = constant(`${name}_bias`, [CHANNELS], 0.1);
    const attributes = [intsAttribute("pads", [1, 1, 1, 1])];
    nodes.push(makeNode("Conv", [last, weight, bias], [name], { name, attributes }));
    last = relu(name);
  }
  nodes.push(
    makeNode("GlobalAveragePool", [last], ["pooled"], { name: "pool" }),
    makeNode("Flatten", ["pooled"], ["flat"], { name: "flatten", attributes: [intAttribute("axis", 1)] }),
  );
  last = "flat";
  let width = CHANNELS;
  for (let layer = 0; size < bytes; layer++) {
    const name = `dense_${layer}`;
    const spread = Math.sqrt(2 / width);
    if (layer % 2 === 0) {
      const weight = constant(`${name}_weight`, [WIDTH, width], spread);
      const attributes = [intAttribute("transB", 1)];
      nodes.push(
        makeNode("Gemm", [last, weight, constant(`${name}_bias`, [WIDTH], 0.1)], [name], { name, attributes }),
      );
    } else {
      nodes.push(makeNode("MatMul", [last, constant(`${name}_weight`, [width, WIDTH], spread)], [name], { name }));
    }
    last = relu(name);
    width = WIDTH;
  }
  const inputs = [floatInput("image", [1, CHANNELS, SIDE, SIDE])];
  return encodeModel(buildModel({ opset: 13, inputs, outputs: [last], nodes, constants }));
}

/** Writes a file in parts and returns its size in bytes. */
export function writeParts(path: string, parts: readonly Uint8Array[]): number {
  const file = openSync(path, "w");
  try {
    return parts.reduce((sum, part) => sum + writeSync(file, part), 0);
  } finally {
    closeSync(file);
  }
}

/** Sums of four uniform values, which have a standard deviation of `spread`. */
function bells(dims: readonly number[], spread: number, seed: number): Tensor {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
  const factor = spread * Math.sqrt(3 / 4);
  for (let i = 0; i < data.length; i++) data[i] = factor * (uniform() + uniform() + uniform() + uniform());
  return { type: "float32", dims, data };
}
