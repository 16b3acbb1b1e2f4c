import { npyBytes } from "../../src/engine/data/testing/files.ts";
import type { Tensor } from "../../src/engine/model/tensor.ts";
import { intAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import type { NodeProto } from "../../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";

const CHANNELS = 4;
const SIDE = 8;
const CLASSES = 10;
/** Every so many steps a branch leaves the chain and is added to it again. */
const BRANCH_EVERY = 10;

/** A classifier of small tensors with at least so many layers: a chain of Conv and Relu with a branch here and there. */
export function deepModel(layers: number): Uint8Array {
  const nodes: NodeProto[] = [];
  const constants: Record<string, Tensor> = {};
  const conv = (name: string, input: string): string => {
    const { dims, data, type } = noise([CHANNELS, CHANNELS, 1, 1], nodes.length + 1);
    constants[`${name}_weight`] = { dims, type, data: (data as Float32Array).map((value) => value * 1.2) };
    constants[`${name}_bias`] = noise([CHANNELS], nodes.length + 7);
    nodes.push(makeNode("Conv", [input, `${name}_weight`, `${name}_bias`], [name], { name }));
    return name;
  };
  let last = "image";
  for (let step = 0; nodes.length < layers - 3; step++) {
    const name = `step_${step}`;
    const forward = conv(`${name}/conv`, last);
    if (step % BRANCH_EVERY === BRANCH_EVERY - 1) {
      const branch = conv(`${name}/branch`, last);
      nodes.push(makeNode("Add", [forward, branch], [`${name}/add`], { name: `${name}/add` }));
      last = `${name}/add`;
    } else {
      nodes.push(makeNode("Relu", [forward], [`${name}/relu`], { name: `${name}/relu` }));
      last = `${name}/relu`;
    }
  }
  constants.head_weight = noise([CHANNELS, CLASSES], 99);
  nodes.push(
    makeNode("GlobalAveragePool", [last], ["pooled"], { name: "pool" }),
    makeNode("Flatten", ["pooled"], ["flat"], { name: "flatten", attributes: [intAttribute("axis", 1)] }),
    makeNode("Gemm", ["flat", "head_weight"], ["scores"], { name: "head" }),
  );
  const inputs = [floatInput("image", [1, CHANNELS, SIDE, SIDE])];
  return concat(encodeModel(buildModel({ opset: 13, inputs, outputs: ["scores"], nodes, constants })));
}

/** Seeded samples for it, as a .npy file. */
export function deepSamples(count: number): Uint8Array {
  const { data } = noise([count, CHANNELS, SIDE, SIDE], 5);
  return npyBytes("<f4", [count, CHANNELS, SIDE, SIDE], data as Float32Array);
}
