import { create } from "@bufbuild/protobuf";
import type { Port } from "../model/tensor.ts";
import { capturedBy, type GraphIndex } from "../onnx/graph.ts";
import {
  type TensorProto_DataType as Code,
  type ModelProto,
  type NodeProto,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { dataTypeCode } from "../onnx/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";
import { graphOf, withGraph } from "./pass.ts";

/** What nodes from position `at` on read of what is there before: inputs of the graph and tensors made earlier. */
export function frontierAt(index: GraphIndex, at: number): string[] {
  const { node } = index.graph;
  const early = new Set(index.inputs.map(({ name }) => name));
  for (const each of node.slice(0, at)) for (const output of each.output) if (output) early.add(output);
  const read = new Set(node.slice(at).flatMap(readBy));
  return [...early].filter((name) => read.has(name));
}

/**
 * Nodes `from`..`to` (end excluded) as a model of their own that is fed what lies on the frontier at `from` and gives
 * `outputs`. `typeOf` says what is fed where, `dimsOf` of what shape; where it says nothing that is left open.
 */
export function sliceModel(
  model: ModelProto,
  index: GraphIndex,
  [from, to]: readonly [number, number],
  outputs: readonly string[],
  typeOf: (tensor: string) => DataType,
  dimsOf: (tensor: string) => Port["dims"] | undefined = () => undefined,
): ModelProto {
  const graph = graphOf(model);
  const node = graph.node.slice(from, to);
  const read = new Set(node.flatMap(readBy));
  const input = frontierAt(index, from).filter((name) => read.has(name));
  return withGraph(model, {
    node,
    input: input.map((name) => portOf(name, typeOf(name), dimsOf(name))),
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
    initializer: graph.initializer.filter(({ name }) => read.has(name)),
    valueInfo: [],
  });
}

function readBy(node: NodeProto): string[] {
  return [...node.input.filter(Boolean), ...capturedBy(node)];
}

function portOf(name: string, type: DataType, dims: Port["dims"] | undefined): ValueInfoProto {
  const elemType: Code = dataTypeCode(type);
  const shape = dims && { shape: { dim: dims.map(dimension) } };
  const tensorType = create(TypeProto_TensorSchema, { elemType, ...shape });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } }),
  });
}

function dimension(dim: Port["dims"][number]) {
  if (typeof dim === "number") return { value: { case: "dimValue" as const, value: BigInt(dim) } };
  return dim === null ? {} : { value: { case: "dimParam" as const, value: dim } };
}
