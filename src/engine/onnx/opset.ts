import { create } from "@bufbuild/protobuf";
import { subgraphsOf } from "./attributes.ts";
import { withFields } from "./messages.ts";
import { type GraphProto, type ModelProto, type NodeProto, OperatorSetIdProtoSchema } from "./proto/onnx_pb.ts";

/** The first opset with 4-bit integers; their element type came with the IR version of that release. */
export const INT4_OPSET = 21;
/** Convolutions and pools take bfloat16 from it on. */
export const BFLOAT_OPSET = 22;
export const INT4_IR = 10n;

/** The first with 2-bit integers, likewise. */
export const INT2_OPSET = 25;
export const INT2_IR = 13n;

/** The domain of ONNX Runtime's own operators. */
export const RUNTIME_DOMAIN = "com.microsoft";

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

/** The model with version 1 of a domain's operators imported. */
export function withDomain(model: ModelProto, domain: string): ModelProto {
  if (model.opsetImport.some((known) => known.domain === domain)) return model;
  const added = create(OperatorSetIdProtoSchema, { domain, version: 1n });
  return withFields(model, { opsetImport: [...model.opsetImport, added] });
}

/** Every node of a graph, subgraphs included. */
export function* allNodes(graph: GraphProto): Generator<NodeProto> {
  for (const node of graph.node) {
    yield node;
    for (const subgraph of subgraphsOf(node)) yield* allNodes(subgraph);
  }
}
