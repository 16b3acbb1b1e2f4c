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

/**
 * A matrix in blocks along one of its axes, row by row of the other. Bits, shapes and defaults:
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits.
 */
export function packBlocks({ dims, type, blocks, scales, zeroPoints, codes }: EncodedWeight): PackedBlocks {
  if (!blocks || dims.length !== 2) throw new Error("only a matrix in blocks is packed");
  const { axis, size } = blocks;
  const bits = weightBits(type);
  const offset = offsetOf(type);
  const inputs = dims[axis] as number;
  const rows = dims[1 - axis] as number;
  const count = Math.ceil(inputs / size);
  const [alongInputs, alongRows] = axis === 0 ? [rows, 1] : [1, inputs];
  const [alongBlocks, scaleRow] = axis === 0 ? [rows, 1] : [1, count];
  const packed = new Uint8Array((rows * count * size * bits) / 8);
  const rowBytes = (count * size * bits) / 8;
  const each = 8 / bits;
  for (let row = 0; row < rows; row++) {
    let from = row * alongRows;
    const start = row * rowBytes;
    if (each === 1) {
      for (let k = 0; k < inputs; k++, from += alongInputs) packed[start + k] = (codes[from] as number) + offset;
      continue;
    }
    for (let k = 0; k < inputs; k++, from += alongInputs) {
      const at = start + Math.floor(k / each);
      packed[at] = (packed[at] as number) | (((codes[from] as number) + offset) << (bits * (k % each)));
    }
  }
  const ordered = new Float32Array(rows * count);
  const zeroBytes = Math.ceil((count * bits) / 8);
  const zeros = zeroPoints && new Uint8Array(rows * zeroBytes);
  for (let row = 0; row < rows; row++) {
    // ONNX Runtime's own tool leaves the middle code where a byte has room for more.
    for (let spare = count; zeros && spare % each !== 0; spare++) {
      const last = (row + 1) * zeroBytes - 1;
      zeros[last] = (zeros[last] as number) | ((2 ** (bits - 1)) << (bits * (spare % each)));
    }
    for (let block = 0; block < count; block++) {
      const from = row * scaleRow + block * alongBlocks;
      ordered[row * count + block] = scales[from] as number;
      if (!zeros || !zeroPoints) continue;
      const at = row * zeroBytes + Math.floor(block / each);
      zeros[at] = (zeros[at] as number) | ((zeroPoints[from] as number) << (bits * (block % each)));
    }
  }
  return { bits, size, rows, inputs, blocks: count, codes: packed, scales: ordered, zeroPoints: zeros };
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
