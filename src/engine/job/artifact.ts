import type { IntegerEnd } from "../emit/integerEnds.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";

/** A file of the result, in parts. */
export interface Artifact {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
  /** What an ONNX file was encoded from. */
  readonly model?: ModelProto;
  /** Its inputs and outputs that are int8. */
  readonly ends?: readonly IntegerEnd[];
}
