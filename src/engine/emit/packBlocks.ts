import type { EncodedWeight } from "../encode/weight.ts";
import { isAsymmetric, type WeightType, weightBits } from "../values/codes.ts";

/** A weight as MatMulNBits of ONNX Runtime's own operators reads it: rows of output channels, in blocks along their inputs. */
export interface PackedBlocks {
  readonly bits: number;
  readonly size: number;
  readonly rows: number;
  readonly inputs: number;
  readonly blocks: number;
  /** Codes, rows x blocks x bytes of a block: the first in the lowest bits of a byte. The last block of a row may have codes that are none. */
  readonly codes: Uint8Array;
  /** Rows x blocks. */
  readonly scales: Float32Array;
  /** Rows x bytes, packed as the codes are; null where all are the middle code, which the operator takes then. */
  readonly zeroPoints: Uint8Array | null;
}

/** What is added to signed codes to make them unsigned ones around the middle code. */
function offsetOf(type: WeightType): number {
  return isAsymmetric(type) ? 0 : 2 ** (weightBits(type) - 1);
}

/** What of a matrix in blocks says where its codes and scales lie. */
type Blocked = Pick<EncodedWeight, "dims" | "type" | "blocks">;

/** A matrix by the rows of one of its axes, and how far things are apart in it. */
function layoutOf({ dims, type, blocks }: Blocked) {
  if (!blocks || dims.length !== 2) throw new Error("only a matrix in blocks is packed");
  const { axis, size } = blocks;
  const inputs = dims[axis] as number;
  const rows = dims[1 - axis] as number;
  const count = Math.ceil(inputs / size);
  const [alongInputs, alongRows] = axis === 0 ? [rows, 1] : [1, inputs];
  const [alongBlocks, scaleRow] = axis === 0 ? [rows, 1] : [1, count];
  const bits = weightBits(type);
  return { bits, size, rows, inputs, blocks: count, alongInputs, alongRows, alongBlocks, scaleRow };
}

/** The shape that a matrix has as MatMulNBits reads it. */
export function packedShape(weight: Blocked): Pick<PackedBlocks, "bits" | "size" | "rows" | "inputs" | "blocks"> {
  const { bits, size, rows, inputs, blocks } = layoutOf(weight);
  return { bits, size, rows, inputs, blocks };
}

/**
 * A matrix in blocks along one of its axes, row by row of the other. Bits, shapes and defaults:
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits.
 */
export function packBlocks(weight: EncodedWeight): PackedBlocks {
  return {
    ...packedShape(weight),
    codes: rowCodes(weight),
    scales: rowScales(weight),
    zeroPoints: rowZeroPoints(weight),
  };
}

export function rowCodes(weight: EncodedWeight): Uint8Array<ArrayBuffer> {
  const { bits, size, rows, inputs, blocks, alongInputs, alongRows } = layoutOf(weight);
  const offset = offsetOf(weight.type);
  const { codes } = weight;
  const packed = new Uint8Array((rows * blocks * size * bits) / 8);
  const rowBytes = (blocks * size * bits) / 8;
  const each = 8 / bits;
  for (let row = 0; row < rows; row++) {
    let from = row * alongRows;
    const start = row * rowBytes;
    if (bits === 8) {
      for (let k = 0; k < inputs; k++, from += alongInputs) packed[start + k] = (codes[from] as number) + offset;
      continue;
    }
    for (let k = 0; k < inputs; k++, from += alongInputs) {
      const at = start + Math.floor(k / each);
      packed[at] = (packed[at] as number) | (((codes[from] as number) + offset) << (bits * (k % each)));
    }
  }
  return packed;
}

export function rowScales(weight: Blocked & Pick<EncodedWeight, "scales">): Float32Array<ArrayBuffer> {
  const { rows, blocks, alongBlocks, scaleRow } = layoutOf(weight);
  const ordered = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      ordered[row * blocks + block] = weight.scales[row * scaleRow + block * alongBlocks] as number;
    }
  }
  return ordered;
}

export function rowZeroPoints(weight: Blocked & Pick<EncodedWeight, "zeroPoints">): Uint8Array<ArrayBuffer> | null {
  const { zeroPoints } = weight;
  if (!zeroPoints) return null;
  const { bits, rows, blocks, alongBlocks, scaleRow } = layoutOf(weight);
  const each = 8 / bits;
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const zeros = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    // ONNX Runtime's own tool leaves the middle code where a byte has room for more.
    for (let spare = blocks; spare % each !== 0; spare++) {
      const last = (row + 1) * rowBytes - 1;
      zeros[last] = (zeros[last] as number) | ((2 ** (bits - 1)) << (bits * (spare % each)));
    }
    for (let block = 0; block < blocks; block++) {
      const at = row * rowBytes + Math.floor(block / each);
      const zero = zeroPoints[row * scaleRow + block * alongBlocks] as number;
      zeros[at] = (zeros[at] as number) | (zero << (bits * (block % each)));
    }
  }
  return zeros;
}

/** Whether two matrices are packed to the same bytes, though blocks may run along the one axis in one and along the other in the other. */
export function packAlike(a: EncodedWeight, b: EncodedWeight): boolean {
  const [first, second] = [layoutOf(a), layoutOf(b)];
  const { rows, blocks, inputs } = first;
  if (first.bits !== second.bits || first.size !== second.size || offsetOf(a.type) !== offsetOf(b.type)) return false;
  if (rows !== second.rows || inputs !== second.inputs || (a.zeroPoints === null) !== (b.zeroPoints === null))
    return false;
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const at = row * first.scaleRow + block * first.alongBlocks;
      const other = row * second.scaleRow + block * second.alongBlocks;
      if (a.scales[at] !== b.scales[other] || a.zeroPoints?.[at] !== b.zeroPoints?.[other]) return false;
    }
  }
  const [ours, theirs] = [a.codes, b.codes];
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inputs; k++) {
      const at = row * first.alongRows + k * first.alongInputs;
      if (ours[at] !== theirs[row * second.alongRows + k * second.alongInputs]) return false;
    }
  }
  return true;
}

/**
 * Codes of a matrix in NormalFloat as MatMulBnb4 reads them: output channels one after another, two codes to a byte, the first in the
 * high four bits. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulBnb4.
 */
export function packNormalFloats({
  dims,
  blocks,
  codes,
}: Pick<EncodedWeight, "dims" | "blocks" | "codes">): Uint8Array {
  const inputs = dims[blocks?.axis ?? 0] as number;
  const rows = codes.length / inputs;
  const [alongInputs, alongRows] = blocks?.axis === 1 ? [1, inputs] : [rows, 1];
  const packed = new Uint8Array(Math.ceil(codes.length / 2));
  for (let count = 0; count < codes.length; count++) {
    const code = codes[(count % inputs) * alongInputs + Math.floor(count / inputs) * alongRows] as number;
    const byte = count >> 1;
    packed[byte] = (packed[byte] as number) | (code << (count & 1 ? 0 : 4));
  }
  return packed;
}
