import { create } from "@bufbuild/protobuf";
import { subgraphsOf } from "./attributes.ts";
import { withFields } from "./messages.ts";
import { type GraphProto, type ModelProto, type NodeProto, OperatorSetIdProtoSchema } from "./proto/onnx_pb.ts";

/** Whether a domain is ONNX's own: "" or, as some exporters write it, "ai.onnx". */
export function isDefaultDomain(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** The version of the default operator set; 1 when the model imports none, as the specification has it. */
export function opsetOf(model: ModelProto): number {
  return Number(model.opsetImport.find(({ domain }) => isDefaultDomain(domain))?.version ?? 1n);
}

/** The model with another version of the default operator set; its nodes are not converted. */
export function withOpset(model: ModelProto, version: number): ModelProto {
  const others = model.opsetImport.filter(({ domain }) => !isDefaultDomain(domain));
  return withFields(model, {
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(version) }), ...others],
  });
}

/** Every node of a graph, subgraphs included. */
export function* allNodes(graph: GraphProto): Generator<NodeProto> {
  for (const node of graph.node) {
    yield node;
    for (const subgraph of subgraphsOf(node)) yield* allNodes(subgraph);
  }
}
