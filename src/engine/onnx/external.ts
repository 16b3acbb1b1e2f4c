import { StoredBytes, type StoredFile } from "../model/deferred.ts";
import { InputError } from "../model/job.ts";
import { elementCount } from "../values/dims.ts";
import { elementBytes } from "../values/elementTypes.ts";
import { withFields } from "./messages.ts";
import {
  type GraphProto,
  TensorProto_DataLocation as Location,
  type ModelProto,
  type TensorProto,
} from "./proto/onnx_pb.ts";
import { dataTypeOf, dimsOf } from "./tensor.ts";
import { withDeferred } from "./tensorBytes.ts";

/** A file of weights, in memory or not. */
export type WeightsFile = Uint8Array | StoredFile;

/** Smaller weights of a file that is not in memory are read at once. */
export const DEFERRED_FROM = 2 ** 20;

/**
 * The model with its external weights in place, as views of `files` (by path below the model's folder, or by name), or, of large ones in
 * a file that is not in memory, as bytes that are read when they are asked for.
 * A model whose weights are all inside comes back as it is.
 * @throws InputError naming the weight file that is missing or too short, or a weight whose place in it is none.
 */
export function attachExternal(model: ModelProto, files: ReadonlyMap<string, WeightsFile>): ModelProto {
  if (!model.graph) return model;
  const graph = mapTensors(model.graph, (tensor) => attach(tensor, files));
  return graph === model.graph ? model : withFields(model, { graph });
}

/**
 * The files, by path below the model's folder, that a model keeps weights in.
 * @throws InputError naming a weight that is kept outside that folder, or nowhere, or in two places.
 */
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

function attach(tensor: TensorProto, files: ReadonlyMap<string, WeightsFile>): TensorProto {
  if (tensor.dataLocation !== Location.EXTERNAL) return tensor;
  const location = locationOf(tensor);
  const file = files.get(location) ?? files.get(location.slice(location.lastIndexOf("/") + 1));
  if (!file) {
    throw new InputError(
      `The model keeps its weights in "${location}", which was not given; add that file beside the model.`,
    );
  }
  const offset = bytesOf(tensor, "offset") ?? 0;
  const end = offset + (bytesOf(tensor, "length") ?? lengthOf(tensor) ?? Math.max(0, file.byteLength - offset));
  if (end > file.byteLength) {
    throw new InputError(
      `"${location}" is too short for the weight "${tensor.name}"; it may be cut short or belong to another model.`,
    );
  }
  const inPlace = { externalData: [], dataLocation: undefined };
  if (file instanceof Uint8Array) return withFields(tensor, { rawData: file.subarray(offset, end), ...inPlace });
  const bytes = new StoredBytes(file, offset, end - offset);
  if (bytes.byteLength >= DEFERRED_FROM) return withDeferred(tensor, bytes);
  return withFields(tensor, { rawData: bytes.read(), ...inPlace });
}

/** Throws InputError for a key that is there twice, of which readers take the first or the last. */
function entryOf({ name, externalData }: TensorProto, key: string): string | undefined {
  const [entry, second] = externalData.filter((pair) => pair.key === key);
  if (second === undefined) return entry?.value;
  throw new InputError(
    `The weight "${name}" has more than one ${key} in another file, and which is meant nothing says; export the model again.`,
  );
}

/** A number of bytes that a weight's place is given by; undefined where it is not. */
function bytesOf(tensor: TensorProto, key: "offset" | "length"): number | undefined {
  const text = entryOf(tensor, key);
  if (text === undefined) return undefined;
  const bytes = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(bytes)) return bytes;
  throw new InputError(
    `The weight "${tensor.name}" has the ${key} "${text}" in "${locationOf(tensor)}", which is no place in a file; export the model again.`,
  );
}

/** How many bytes a tensor's shape takes; null of types that Octet does not hold. */
function lengthOf(tensor: TensorProto): number | null {
  const type = dataTypeOf(tensor.dataType);
  return type === "other" ? null : Math.max(0, elementCount(dimsOf(tensor)) * elementBytes(type));
}

/** The path below the model's folder of the file that a weight is kept in. */
function locationOf(tensor: TensorProto): string {
  const given = entryOf(tensor, "location") ?? "";
  const parts: string[] = [];
  for (const part of given.split(/[\\/]/)) {
    if (part === "..") {
      if (parts.pop() === undefined) throw outside(tensor, given);
    } else if (part !== "." && part !== "") parts.push(part);
  }
  if (/^([\\/]|[a-z]:)/i.test(given)) throw outside(tensor, given);
  if (parts.length === 0) {
    throw new InputError(
      `The model keeps the weight "${tensor.name}" in a file that it does not name; export the model again.`,
    );
  }
  return parts.join("/");
}

function outside({ name }: TensorProto, location: string): InputError {
  return new InputError(
    `The model keeps the weight "${name}" in "${location}", outside its folder, where no weights are read; save the model again with its weights beside it.`,
  );
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
