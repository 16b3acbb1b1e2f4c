import type { IntegerEnd } from "../emit/integerEnds.ts";
import { bytesOf, type Part } from "../model/deferred.ts";
import { totalLength } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";

/** A file of the result, in parts. */
export interface Artifact {
  readonly name: string;
  /** All of it, in memory. */
  readonly chunks: readonly Uint8Array[];
  /** The same, with what is not in memory left to be read or worked out; absent where all is. */
  readonly parts?: readonly Part[];
  /** The file of an ONNX file's weights, where they are not in it; it is a file of the result, too. */
  readonly weights?: Artifact;
  /** What an ONNX file was encoded from. */
  readonly model?: ModelProto;
  /** What an ONNX file runs on, which is not here; absent where it runs here. */
  readonly elsewhere?: string;
  /** Its inputs and outputs that are int8. */
  readonly ends?: readonly IntegerEnd[];
}

/** A file of parts. */
export function fileOf(name: string, parts: readonly Part[]): Artifact & { readonly parts: readonly Part[] } {
  return {
    name,
    parts,
    get chunks() {
      return parts.map(bytesOf);
    },
  };
}

/** What a file consists of, for whoever takes one part after the other. */
export function partsOf(artifact: Artifact): readonly Part[] {
  return artifact.parts ?? artifact.chunks;
}

/** How long a file is, with that of its weights. */
export function artifactBytes(artifact: Artifact): number {
  return totalLength(partsOf(artifact)) + (artifact.weights ? artifactBytes(artifact.weights) : 0);
}
