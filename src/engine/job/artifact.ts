import type { ModelProto } from "../onnx/proto/onnx_pb.ts";

/** A file of the result, in parts. */
export interface Artifact {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
  /** What an ONNX file was encoded from. */
  readonly model?: ModelProto;
}
