import { TensorProto_DataType as Code, type TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { rawBytes } from "../onnx/tensorBytes.ts";
import { elementCount } from "../values/dims.ts";
import { widenBfloat, widenHalf } from "../values/halfFloats.ts";

/** The element type of a tensor as ONNX has it, in lower case. */
export function typeName({ dataType }: TensorProto): string {
  const known = dataTypeOf(dataType);
  return known === "other" ? (Code[dataType] ?? String(dataType)).toLowerCase() : known;
}

/** The values of a float32, float16 or bfloat16 tensor; null of other types. */
export function floatsOf(tensor: TensorProto): Float32Array | null {
  if (tensor.dataType === Code.FLOAT) return tensorOf(tensor).data as Float32Array;
  if (tensor.dataType === Code.FLOAT16) return Float32Array.from(tensorOf(tensor).data as Uint16Array, widenHalf);
  if (tensor.dataType !== Code.BFLOAT16) return null;
  const raw = rawBytes(tensor);
  const count = elementCount(dimsOf(tensor));
  if (raw.byteLength !== 2 * count) {
    return tensor.int32Data.length === count ? Float32Array.from(tensor.int32Data, widenBfloat) : null;
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Float32Array.from({ length: count }, (_, at) => widenBfloat(view.getUint16(2 * at, true)));
}
