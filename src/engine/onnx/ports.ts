import type { Port } from "../model/tensor.ts";
import { GraphIndex } from "./graph.ts";
import type { ModelProto, ValueInfoProto } from "./proto/onnx_pb.ts";
import { dataTypeOf } from "./tensor.ts";

/** Type and shape of a graph input or output; type "other" where it is no tensor of a type we know. */
export function portOf(info: ValueInfoProto): Port {
  const value = info.type?.value;
  if (value?.case !== "tensorType") return { name: info.name, type: "other", dims: [] };
  const dims = (value.value.shape?.dim ?? []).map(({ value: dim }) => {
    if (dim.case === "dimValue") return Number(dim.value);
    return dim.case === "dimParam" && dim.value !== "" ? dim.value : null;
  });
  return { name: info.name, type: dataTypeOf(value.value.elemType), dims };
}

/** What must be fed: the graph's inputs without those that have an initialiser. */
export function inputPorts(model: ModelProto): Port[] {
  if (!model.graph) return [];
  return new GraphIndex(model.graph).inputs.map((info) => {
    const port = portOf(info);
    const value = info.type?.value;
    return value?.case === "tensorType" && !value.value.shape ? { ...port, unshaped: true } : port;
  });
}

export function outputPorts(model: ModelProto): Port[] {
  return (model.graph?.output ?? []).map(portOf);
}
