import type { ModelFile } from "../model/runtime.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import { needsAliases, toModelFile } from "../onnx/runtimeFile.ts";
import { type Artifact, artifactBytes } from "./artifact.ts";

/** Longer files are not joined for a check: a runtime in a tab holds twice what is inside a file. */
const LARGE = 2 ** 25;

/**
 * A model's file as a runtime takes it: the very bytes that are written, but for names that a runtime mistakes, and for
 * the weights of a large one, which are handed over beside the graph that they are written in.
 */
export function writtenFile(artifact: Artifact): ModelFile {
  const { name, model } = artifact;
  if (model && (artifact.weights || artifactBytes(artifact) > LARGE)) return toModelFile(model);
  const graph = concat(artifact.chunks);
  const read = decodeModel(graph, name);
  return read.graph && needsAliases(read.graph) ? toModelFile(read) : { graph, external: [] };
}
