import { create } from "@bufbuild/protobuf";
import type { Port, Tensor } from "../../model/tensor.ts";
import { withFields } from "../messages.ts";
import { INT4_IR, INT4_OPSET } from "../opset.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb.ts";
import { dataTypeCode, tensorProto } from "../tensor.ts";

/** An input or output of a type and shape; a string makes a dimension symbolic, null leaves it open. */
export function portInfo({ name, type, dims }: Port): ValueInfoProto {
  if (type === "other") throw new Error(`${name} is of no type that a test declares`);
  const dim = dims.map((size) => {
    if (size === null) return {};
    return typeof size === "string"
      ? { value: { case: "dimParam" as const, value: size } }
      : { value: { case: "dimValue" as const, value: BigInt(size) } };
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataTypeCode(type), shape: { dim } } } },
  });
}

/** A float32 input of a fixed shape; a string makes the dimension symbolic. */
export function floatInput(name: string, dims: readonly (number | string)[]): ValueInfoProto {
  return portInfo({ name, type: "float32", dims });
}

/** A graph that a layer holds, as its attribute. */
export function graphAttribute(name: string, g: GraphProto): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
}

/** The graph with the types of outputs that have a name only, as a session gives them. */
export function withOutputTypes(graph: GraphProto, ports: readonly Port[]): GraphProto {
  const known = new Map(ports.map((port) => [port.name, port]));
  return withFields(graph, {
    output: graph.output.map((info) => {
      const port = known.get(info.name);
      return info.type || !port ? info : portInfo(port);
    }),
  });
}

export interface Parts {
  readonly opset: number;
  readonly inputs?: readonly ValueInfoProto[];
  readonly outputs: readonly (string | ValueInfoProto)[];
  readonly nodes: readonly NodeProto[];
  readonly constants?: Readonly<Record<string, Tensor>>;
}

/** A small model; an output given as a name has no more than that, which ONNX Runtime takes and the checker does not. */
export function buildModel({ opset, inputs = [], outputs, nodes, constants = {} }: Parts): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: opset < 9 ? 4n : opset < INT4_OPSET ? 7n : opset < 23 ? INT4_IR : 11n,
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    graph: {
      name: "test",
      node: [...nodes],
      input: [...inputs],
      output: outputs.map((each) => (typeof each === "string" ? create(ValueInfoProtoSchema, { name: each }) : each)),
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
