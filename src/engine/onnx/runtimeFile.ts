import { create } from "@bufbuild/protobuf";
import type { ModelFile } from "../model/runtime.ts";
import { concat, encodeModel } from "./encode.ts";
import { withFields } from "./messages.ts";
import { freshName, renameInGraph, tensorNames } from "./names.ts";
import {
  type GraphProto,
  TensorProto_DataLocation as Location,
  type ModelProto,
  StringStringEntryProtoSchema,
  type TensorProto,
} from "./proto/onnx_pb.ts";

const EXTERNAL_BYTES = 1024;

/**
 * The model as a runtime takes it: initialisers over 1 kB become external data, one file each, whose bytes are views
 * of the model's own. Subgraphs stay as they are.
 */
export function toModelFile(model: ModelProto): ModelFile {
  if (!model.graph) return { graph: concat(encodeModel(model)), external: [] };
  const aliases = aliasesOf(model.graph);
  const graph = aliases ? renameInGraph(model.graph, aliases) : model.graph;
  const external: { path: string; data: Uint8Array }[] = [];
  const initializer = graph.initializer.map((tensor) => {
    if (tensor.rawData.byteLength <= EXTERNAL_BYTES) return tensor;
    const path = `weight-${external.length}`;
    external.push({ path, data: tensor.rawData });
    return externalTensor(tensor, path);
  });
  const thin = withFields(model, { graph: withFields(graph, { initializer }) });
  return { graph: concat(encodeModel(thin)), external, ...(aliases && { aliases }) };
}

/** Whether a runtime that is given the file itself takes one of its inputs or outputs for something else. */
export function needsAliases(graph: GraphProto): boolean {
  return namesOfObjects(graph).length > 0;
}

function aliasesOf(graph: GraphProto): ModelFile["aliases"] {
  const names = namesOfObjects(graph);
  if (names.length === 0) return undefined;
  const taken = tensorNames(graph);
  return new Map(names.map((name) => [name, freshName(taken, `tensor ${name}`)]));
}

/** ONNX Runtime's packages keep the tensors of a run as entries of an object, which has these names before. */
function namesOfObjects({ input, output }: GraphProto): string[] {
  return [...new Set([...input, ...output].map(({ name }) => name))].filter((name) => name in Object.prototype);
}

function externalTensor(tensor: TensorProto, path: string): TensorProto {
  const entries = { location: path, offset: "0", length: String(tensor.rawData.byteLength) };
  return withFields(tensor, {
    rawData: undefined,
    dataLocation: Location.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}
