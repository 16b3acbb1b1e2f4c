import { InputError } from "../model/job.ts";
import { withFields } from "./messages.ts";
import {
  type GraphProto,
  TensorProto_DataLocation as Location,
  type ModelProto,
  type TensorProto,
} from "./proto/onnx_pb.ts";

/**
 * The model with its external weights in place, as views of `files` (by path below the model's folder, or by name).
 * A model whose weights are all inside comes back as it is.
 * @throws InputError naming the weight file that is missing or too short.
 */
export function attachExternal(model: ModelProto, files: ReadonlyMap<string, Uint8Array>): ModelProto {
  if (!model.graph) return model;
  const graph = mapTensors(model.graph, (tensor) => attach(tensor, files));
  return graph === model.graph ? model : withFields(model, { graph });
}

/** The files, by path below the model's folder, that a model keeps weights in. */
export function externalLocations(model: ModelProto): string[] {
  const locations = new Set<string>();
  if (model.graph) {
    mapTensors(model.graph, (tensor) => {
      if (tensor.dataLocation === Location.EXTERNAL) locations.add(locationOf(tensor));
      return tensor;
    });
  }
  return [...locations];
}

function attach(tensor: TensorProto, files: ReadonlyMap<string, Uint8Array>): TensorProto {
  if (tensor.dataLocation !== Location.EXTERNAL) return tensor;
  const entry = (key: string) => tensor.externalData.find((pair) => pair.key === key)?.value;
  const location = locationOf(tensor);
  const file = files.get(location) ?? files.get(location.slice(location.lastIndexOf("/") + 1));
  if (!file) {
    throw new InputError(
      `The model keeps its weights in "${location}", which was not given; add that file beside the model.`,
    );
  }
  const offset = Number(entry("offset") ?? 0);
  const end = offset + Number(entry("length") ?? file.byteLength - offset);
  if (end > file.byteLength) {
    throw new InputError(
      `"${location}" is too short for the weight "${tensor.name}"; it may be cut short or belong to another model.`,
    );
  }
  return withFields(tensor, { rawData: file.subarray(offset, end), externalData: [], dataLocation: undefined });
}

function locationOf({ externalData }: TensorProto): string {
  return (externalData.find(({ key }) => key === "location")?.value ?? "").replace(/^\.\//, "");
}

/** The graph with every tensor in it (initialisers, attributes, subgraphs) replaced; untouched parts are shared. */
function mapTensors(graph: GraphProto, change: (tensor: TensorProto) => TensorProto): GraphProto {
  const initializer = mapShared(graph.initializer, change);
  const node = mapShared(graph.node, (old) => {
    const attribute = mapShared(old.attribute, (entry) => {
      const t = entry.t && change(entry.t);
      const g = entry.g && mapTensors(entry.g, change);
      const tensors = mapShared(entry.tensors, change);
      const graphs = mapShared(entry.graphs, (subgraph) => mapTensors(subgraph, change));
      if (t === entry.t && g === entry.g && tensors === entry.tensors && graphs === entry.graphs) return entry;
      return withFields(entry, { t, g, tensors, graphs });
    });
    return attribute === old.attribute ? old : withFields(old, { attribute });
  });
  if (initializer === graph.initializer && node === graph.node) return graph;
  return withFields(graph, { initializer, node });
}

function mapShared<T>(items: T[], change: (item: T) => T): T[] {
  const changed = items.map(change);
  return changed.every((item, i) => item === items[i]) ? items : changed;
}
