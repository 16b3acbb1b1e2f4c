import { codesOf } from "../graph/dequantized.ts";
import { NORMAL_FLOATS } from "../numerics/normalFloat.ts";
import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { placesOf, type ReadConstant } from "./constant.ts";
import { floatsOf } from "./floats.ts";

/** https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md: each of these has its weight packed in its own way. */
export const PACKED_OPERATORS = new Set(["MatMulNBits", "MatMulBnb4", "GatherBlockQuantized"]);

/** The 16 values of FP4 as MatMulBnb4 has them, the sign in the highest bit of a code. */
const FP4 = [0, 5.208333333e-3, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4];

/** The weight of an operator of ONNX Runtime's own that packs it, in the shape that the float layer reads it in; or why it is not read. */
export function packedWeight(node: NodeProto, index: GraphIndex): ReadConstant | string {
  if (node.opType === "MatMulNBits") return matrix(node, index);
  return node.opType === "MatMulBnb4" ? fourBitFloats(node, index) : table(node, index);
}

function matrix(node: NodeProto, index: GraphIndex): ReadConstant | string {
  const [, packed, scale, zero, order] = node.input.map((name) => index.initializer(name));
  if (!packed || !scale) return "its weight is not a constant";
  if (node.input[3] && !zero) return "its zero points are not constants";
  if (node.input[4]) return `its rows are in another order (g_idx${order ? "" : ", which is not a constant"})`;
  const inputs = intOf(node, "K") ?? 0;
  const outputs = intOf(node, "N") ?? 0;
  const bits = intOf(node, "bits") ?? 4;
  const size = intOf(node, "block_size") ?? 0;
  if (bits !== 2 && bits !== 4 && bits !== 8) return `its codes have ${bits} bits`;
  const blocks = Math.ceil(inputs / size);
  const rowBytes = (blocks * size * bits) / 8;
  const bytes = codesOf(packed);
  const scales = floatsOf(scale);
  if (bytes?.length !== outputs * rowBytes || scales?.length !== outputs * blocks)
    return "its shapes do not fit its sizes";
  const codes = new Uint8Array(inputs * outputs);
  for (let n = 0; n < outputs; n++) {
    for (let k = 0; k < inputs; k++) codes[k * outputs + n] = bitsAt(bytes, n * rowBytes, k, bits);
  }
  const zeros = zero
    ? rowZeros(zero, { outputs, blocks, bits })
    : new Float32Array(outputs * blocks).fill(2 ** (bits - 1));
  if (!zeros) return "its zero points are not of its shape";
  const block = { axis: 0, size };
  const dims = [inputs, outputs];
  return {
    name: packed.name,
    type: `uint${bits}`,
    dims,
    axis: null,
    block,
    scales: turned(scales, outputs, blocks),
    zeroPoints: turned(zeros, outputs, blocks),
    codes,
    placeOf: placesOf(dims, null, block),
  };
}

/** Row by row of output channels: packed as codes are, each row beginning a byte, or floats as the scales are. */
function rowZeros(
  zero: TensorProto,
  { outputs, blocks, bits }: { readonly outputs: number; readonly blocks: number; readonly bits: number },
): Float32Array | null {
  const floats = floatsOf(zero);
  if (floats) return floats.length === outputs * blocks ? floats : null;
  const bytes = codesOf(zero);
  const rowBytes = Math.ceil((blocks * bits) / 8);
  if (bytes?.length !== outputs * rowBytes) return null;
  return Float32Array.from({ length: outputs * blocks }, (_, at) =>
    bitsAt(bytes, Math.floor(at / blocks) * rowBytes, at % blocks, bits),
  );
}

/** The code at a place after `start` bytes, the first in the lowest bits of a byte. */
function bitsAt(bytes: ArrayLike<number>, start: number, at: number, bits: number): number {
  const each = 8 / bits;
  return ((bytes[start + Math.floor(at / each)] as number) >> (bits * (at % each))) & (2 ** bits - 1);
}

/** Rows of columns as columns of rows. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] as number);
}

function fourBitFloats(node: NodeProto, index: GraphIndex): ReadConstant | string {
  const [, packed, largest] = node.input.map((name) => index.initializer(name));
  if (!packed || !largest) return "its weight is not a constant";
  const [inputs, outputs] = [intOf(node, "K") ?? 0, intOf(node, "N") ?? 0];
  const size = intOf(node, "block_size") ?? 0;
  const isNormal = intOf(node, "quant_type") === 1;
  const bytes = codesOf(packed);
  const scales = floatsOf(largest);
  const count = inputs * outputs;
  if (bytes?.length !== Math.ceil(count / 2) || scales?.length !== Math.ceil(count / size)) {
    return "its shapes do not fit its sizes";
  }
  const codes = new Uint8Array(count);
  const inRows = (element: number) => (element % outputs) * inputs + Math.floor(element / outputs);
  for (let element = 0; element < count; element++) {
    const at = inRows(element);
    codes[element] = ((bytes[at >> 1] as number) >> (at & 1 ? 0 : 4)) & 15;
  }
  const table = isNormal ? NORMAL_FLOATS : [...FP4, ...FP4.map((value) => -value)];
  return {
    ...{ name: packed.name, type: isNormal ? "nf4" : "fp4", dims: [inputs, outputs] },
    ...{ axis: null, block: { axis: 0, size }, scales, zeroPoints: null, codes, table },
    placeOf: (element) => Math.floor(inRows(element) / size),
  };
}

function table(node: NodeProto, index: GraphIndex): ReadConstant | string {
  const data = index.initializer(node.input[0] ?? "") ?? reshaped(node.input[0] ?? "", index);
  const scale = index.initializer(node.input[2] ?? "");
  const zero = index.initializer(node.input[3] ?? "");
  if (!data || !scale || (node.input[3] && !zero)) return "its table is not a constant";
  if ((intOf(node, "gather_axis") ?? 0) !== 0) return "it gathers along another axis than the first";
  const size = intOf(node, "block_size") ?? 128;
  const isBytes = data.dataType === 2;
  const bits = isBytes ? (intOf(node, "bits") ?? 4) : 4;
  const stored = codesOf(data);
  const scales = floatsOf(scale);
  const scaleDims = dimsOf(scale);
  if (!stored || !scales || scaleDims.length !== 2) return "it is no matrix";
  const rows = scaleDims[0] as number;
  const perRow = stored.length / rows;
  const width = isBytes ? (perRow * 8) / bits : perRow;
  if (Math.ceil(width / size) !== scaleDims[1]) return "its blocks do not run along its rows";
  const codes = isBytes
    ? Uint8Array.from({ length: rows * width }, (_, at) =>
        bitsAt(stored, Math.floor(at / width) * perRow, at % width, bits),
      )
    : Float32Array.from(stored);
  const isSigned = data.dataType === 22;
  const zeros = zeroPointsOfTable(zero, { rows, blocks: scaleDims[1] as number, bits, isBytes });
  if (zero && !zeros) return "its zero points are not of its shape";
  const block = { axis: 1, size };
  const dims = [rows, width];
  return {
    ...{ name: data.name, type: isSigned ? `int${bits}` : `uint${bits}`, dims, axis: null, block, scales, codes },
    zeroPoints: zeros,
    placeOf: placesOf(dims, null, block),
  };
}

/** A matrix of MatMulNBits that a table shares: codes in another shape. */
function reshaped(name: string, index: GraphIndex): TensorProto | undefined {
  const maker = index.producer(name);
  return maker?.opType === "Reshape" ? index.initializer(maker.input[0] ?? "") : undefined;
}

/** Of bytes they are packed as their codes are, and the middle code where there are none; of 4-bit integers they are such, and 0. */
function zeroPointsOfTable(
  zero: TensorProto | undefined,
  {
    rows,
    blocks,
    bits,
    isBytes,
  }: { readonly rows: number; readonly blocks: number; readonly bits: number; readonly isBytes: boolean },
): Float32Array | null {
  if (isBytes) {
    return zero
      ? rowZeros(zero, { outputs: rows, blocks, bits })
      : new Float32Array(rows * blocks).fill(2 ** (bits - 1));
  }
  const codes = zero && codesOf(zero);
  return codes?.length === rows * blocks ? Float32Array.from(codes) : null;
}
