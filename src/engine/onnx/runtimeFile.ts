import { create } from "@bufbuild/protobuf";
import type { ModelFile } from "../model/runtime.ts";
import { concat, encodeModel } from "./encode.ts";
import { withFields } from "./messages.ts";
import {
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
  const { graph } = model;
  if (!graph) return { graph: concat(encodeModel(model)), external: [] };
  const external: { path: string; data: Uint8Array }[] = [];
  const initializer = graph.initializer.map((tensor) => {
    if (tensor.rawData.byteLength <= EXTERNAL_BYTES) return tensor;
    const path = `weight-${external.length}`;
    external.push({ path, data: tensor.rawData });
    return externalTensor(tensor, path);
  });
  const thin = withFields(model, { graph: withFields(graph, { initializer }) });
  return { graph: concat(encodeModel(thin)), external };
}

function externalTensor(tensor: TensorProto, path: string): TensorProto {
  const entries = { location: path, offset: "0", length: String(tensor.rawData.byteLength) };
  return withFields(tensor, {
    rawData: undefined,
    dataLocation: Location.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}
