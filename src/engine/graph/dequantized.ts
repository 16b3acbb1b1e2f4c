import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { TensorProto_DataType as Code, type NodeProto, type TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { rawBytes } from "../onnx/tensorBytes.ts";
import { widenByte } from "../values/byteFloats.ts";
import { elementCount } from "../values/dims.ts";

/**
 * What a DequantizeLinear makes of a constant, (q - zero) * scale in float32, named `name`: with one scale, one for each place
 * along an axis, or one for each block of it. Null where it is no constant, or of a type that is not read.
 */
export function dequantized(node: NodeProto, index: GraphIndex, name: string): TensorProto | null {
  const [codes, scale, zero] = [0, 1, 2].map((at) => index.initializer(node.input[at] ?? ""));
  if (!codes || !scale || (node.input[2] && !zero) || dataTypeOf(scale.dataType) !== "float32") return null;
  const [values, zeros] = [codesOf(codes), zero ? codesOf(zero) : null];
  if (!values || (zero && !zeros)) return null;
  const dims = dimsOf(codes);
  const scales = tensorOf(scale).data as Float32Array;
  const at = placesOf(dims, dimsOf(scale), intOf(node, "axis") ?? 1, intOf(node, "block_size") ?? 0);
  if (!at || (zeros && zeros.length !== scales.length)) return null;
  const data = new Float32Array(values.length);
  for (let i = 0; i < data.length; i++) {
    const place = at(i);
    data[i] = Math.fround(values[i]! - (zeros?.[place] ?? 0)) * scales[place]!;
  }
  return tensorProto(name, { type: "float32", dims, data });
}

/** Which scale an element has, by its place; null where the scales are not of the tensor. */
function placesOf(
  dims: readonly number[],
  scaleDims: readonly number[],
  given: number,
  block: number,
): ((element: number) => number) | null {
  if (elementCount(scaleDims) === 1 && block === 0) return () => 0;
  const axis = given < 0 ? given + dims.length : given;
  const [length, inner] = [dims[axis], elementCount(dims.slice(axis + 1))];
  if (length === undefined) return null;
  if (block === 0) {
    if (scaleDims.length !== 1 || scaleDims[0] !== length) return null;
    return (element) => Math.floor(element / inner) % length;
  }
  const blocks = Math.ceil(length / block);
  const expected = dims.map((dim, i) => (i === axis ? blocks : dim));
  if (expected.length !== scaleDims.length || expected.some((dim, i) => dim !== scaleDims[i])) return null;
  return (element) => {
    const outer = Math.floor(element / (inner * length));
    const along = Math.floor(element / inner) % length;
    return (outer * blocks + Math.floor(along / block)) * inner + (element % inner);
  };
}

const NIBBLES: ReadonlyMap<Code, (bits: number) => number> = new Map([
  [Code.UINT4, (bits: number) => bits],
  [Code.INT4, (bits: number) => (bits > 7 ? bits - 16 : bits)],
]);

/** The numbers that codes are, one an element; null of a type that is not read. */
export function codesOf(proto: TensorProto): ArrayLike<number> | null {
  if (/^u?int(8|16|32)$/.test(dataTypeOf(proto.dataType))) return tensorOf(proto).data as Int8Array;
  const count = elementCount(dimsOf(proto));
  const nibble = NIBBLES.get(proto.dataType);
  if (nibble) {
    const bytes = bytesOf(proto, Math.ceil(count / 2));
    return bytes && Float32Array.from({ length: count }, (_, i) => nibble((bytes[i >> 1]! >> (4 * (i & 1))) & 15));
  }
  const widen = widenByte(Code[proto.dataType] ?? "");
  const bytes = widen && bytesOf(proto, count);
  return bytes ? Float32Array.from(bytes, widen) : null;
}

function bytesOf(tensor: TensorProto, count: number): ArrayLike<number> | null {
  const { int32Data } = tensor;
  const rawData = rawBytes(tensor);
  const bytes = rawData.byteLength > 0 ? rawData : int32Data;
  return bytes.length === count ? bytes : null;
}
