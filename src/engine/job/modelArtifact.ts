import { encodeParts, totalLength } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { withWeightsBeside } from "../onnx/weightsBeside.ts";
import { type Artifact, fileOf } from "./artifact.ts";
import { LARGEST_FILE } from "./fileSize.ts";

/** A model as it is written, its weights in a file of their own, of its name with "_data", where one would be longer than anything loads. */
export function modelArtifact(model: ModelProto, name: string): Artifact & { readonly model: ModelProto } {
  const parts = encodeParts(model);
  if (totalLength(parts) <= LARGEST_FILE) return Object.assign(fileOf(name, parts), { model });
  const weights = `${name}_data`;
  const beside = withWeightsBeside(model, weights);
  return Object.assign(fileOf(name, encodeParts(beside.model)), { model, weights: fileOf(weights, beside.parts) });
}
