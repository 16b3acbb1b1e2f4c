import type { ModelFile } from "../model/runtime.ts";
import { concat } from "../onnx/encode.ts";
import type { Artifact } from "./export.ts";

/** A model's file as a runtime takes it: the very bytes that are written. */
export function writtenFile({ chunks }: Pick<Artifact, "chunks">): ModelFile {
  return { graph: concat(chunks), external: [] };
}
