import { create } from "@bufbuild/protobuf";
import type { Tensor } from "../../model/tensor.ts";
import {
  TensorProto_DataType as Code,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb.ts";
import { tensorProto } from "../tensor.ts";

/** A float32 input of a fixed shape; a string makes the dimension symbolic. */
export function floatInput(name: string, dims: readonly (number | string)[]): ValueInfoProto {
  const dim = dims.map((size) =>
    typeof size === "string"
      ? { value: { case: "dimParam" as const, value: size } }
      : { value: { case: "dimValue" as const, value: BigInt(size) } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: Code.FLOAT, shape: { dim } } } },
  });
}

export interface Parts {
  readonly opset: number;
  readonly inputs?: readonly ValueInfoProto[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeProto[];
  readonly constants?: Readonly<Record<string, Tensor>>;
}

/** A small model; its outputs have names only. */
export function buildModel({ opset, inputs = [], outputs, nodes, constants = {} }: Parts): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: opset < 9 ? 4n : 7n,
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    graph: {
      name: "test",
      node: [...nodes],
      input: [...inputs],
      output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
      initializer: Object.entries(constants).map(([name, tensor]) => tensorProto(name, tensor)),
    },
  });
}

/** A float32 tensor of seeded values in [-1, 1). */
export function noise(dims: readonly number[], seed = 1): Tensor {
  let state = seed;
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  return { type: "float32", dims, data };
}
