import { create } from "@bufbuild/protobuf";
import { withFields } from "./messages.ts";
import { type ModelProto, StringStringEntryProtoSchema } from "./proto/onnx_pb.ts";

/** The value of a key of a model's metadata; undefined where it has none. */
export function metadataValue({ metadataProps }: ModelProto, wanted: string): string | undefined {
  return metadataProps.find(({ key }) => key === wanted)?.value;
}

/** A model with these entries last in its metadata, in the place of those of the same keys: ONNX has each key once. */
export function withMetadata(model: ModelProto, entries: Readonly<Record<string, string>>): ModelProto {
  const others = model.metadataProps.filter(({ key }) => !Object.hasOwn(entries, key));
  const added = Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  return withFields(model, { metadataProps: [...others, ...added] });
}
