import type { ModelFile } from "../model/runtime.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import { needsAliases, toModelFile } from "../onnx/runtimeFile.ts";
import type { Artifact } from "./artifact.ts";

/** A model's file as a runtime takes it: the very bytes that are written, but for names that a runtime mistakes. */
export function writtenFile({ name, chunks }: Artifact): ModelFile {
  const graph = concat(chunks);
  const model = decodeModel(graph, name);
  return model.graph && needsAliases(model.graph) ? toModelFile(model) : { graph, external: [] };
}
