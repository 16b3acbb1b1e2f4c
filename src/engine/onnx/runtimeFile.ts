import { create } from "@bufbuild/protobuf";
import { externalFile, type FilePlace, StoredBytes } from "../model/deferred.ts";
import type { ExternalFile, LinkedFile, ModelFile } from "../model/runtime.ts";
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
import { deferredOf, rawLength, withoutBytes } from "./tensorBytes.ts";

const EXTERNAL_BYTES = 1024;

/** As many bytes of weights a graph takes in that is opened with most weights in files: each is there several times. */
const MOST_INSIDE = 2 ** 27;

/**
 * The model as a runtime takes it: initialisers over 1 kB become external data, one file each, whose bytes are views
 * of the model's own. Subgraphs stay as they are.
 */
export function toModelFile(model: ModelProto): ModelFile {
  if (!model.graph) return { graph: concat(encodeModel(model)), external: [] };
  const aliases = aliasesOf(model.graph);
  const graph = aliases ? renameInGraph(model.graph, aliases) : model.graph;
  const external: ExternalFile[] = [];
  const initializer = graph.initializer.map((tensor) => {
    const length = rawLength(tensor);
    if (length <= EXTERNAL_BYTES) return tensor;
    const path = `weight-${external.length}`;
    external.push(externalFile(path, deferredOf(tensor) ?? tensor.rawData));
    return externalTensor(tensor, { location: path, offset: 0, length });
  });
  const thin = withFields(model, { graph: withFields(graph, { initializer }) });
  const linked = linkedFile(model, graph);
  return { graph: concat(encodeModel(thin)), external, ...(aliases && { aliases }), ...(linked && { linked }) };
}

/** Null where not most weights lie in files of one folder. */
function linkedFile(model: ModelProto, graph: GraphProto): LinkedFile | null {
  const first = graph.initializer.map(placeOf).find((place) => place !== null);
  if (!first) return null;
  const { folder } = first;
  const places = new Set<FilePlace>();
  const bytes = { inside: 0, inFiles: 0 };
  const initializer = graph.initializer.map((tensor) => {
    const part = deferredOf(tensor);
    const place = placeOf(tensor);
    if (!(part instanceof StoredBytes) || place?.folder !== folder) {
      bytes.inside += rawLength(tensor);
      return tensor;
    }
    bytes.inFiles += part.byteLength;
    places.add(place);
    return externalTensor(tensor, { location: place.name, offset: part.from, length: part.byteLength });
  });
  if (bytes.inside > Math.min(MOST_INSIDE, bytes.inFiles)) return null;
  return {
    graph: concat(encodeModel(withFields(model, { graph: withFields(graph, { initializer }) }))),
    folder,
    assertSame() {
      for (const place of places) place.assertSame();
    },
  };
}

function placeOf(tensor: TensorProto): FilePlace | null {
  const part = deferredOf(tensor);
  return (part instanceof StoredBytes && part.file.place) || null;
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

/** Where a tensor's bytes are in another file. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** The tensor with its bytes in another file. */
export function externalTensor(tensor: TensorProto, place: ExternalPlace): TensorProto {
  const externalData = Object.entries(place).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) }),
  );
  return withFields(withoutBytes(tensor), { dataLocation: Location.EXTERNAL, externalData });
}
