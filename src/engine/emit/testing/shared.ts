import type { Tensor } from "../../model/tensor.ts";
import { vector } from "../../onnx/tensor.ts";
import { readShared } from "../../testing/shared.ts";

const SIDE = 224;

/** The elements of a version 1 .npy file. */
export function elementsOf(path: string): Uint8Array {
  const bytes = readShared(path);
  return bytes.subarray(10 + new DataView(bytes.buffer).getUint16(8, true));
}

export interface PhotographOptions {
  readonly height?: number;
  readonly width?: number;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly bgr?: boolean;
}

/** The photographs of the shared set as NCHW float32, (x * scale - mean) / std, nearest pixels where the size differs. */
export function photographs({ height = SIDE, width = SIDE, scale, mean, std, bgr = false }: PhotographOptions) {
  const bytes = elementsOf("data/imagenet-mini-224.u8.npy");
  const plane = height * width;
  return (index: number): Tensor => ({
    type: "float32",
    dims: [1, 3, height, width],
    data: Float32Array.from({ length: 3 * plane }, (_, i) => {
      const channel = Math.floor(i / plane);
      const row = Math.floor((Math.floor((i % plane) / width) * SIDE) / height);
      const column = Math.floor(((i % width) * SIDE) / width);
      const at = ((index * SIDE + row) * SIDE + column) * 3 + (bgr ? 2 - channel : channel);
      return ((bytes[at] ?? 0) * scale - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    }),
  });
}

/** Fashion-MNIST pictures, normalised as its models take them; value = change(x). */
export function garments(change: (value: number) => number = (value) => value) {
  const bytes = elementsOf("data/fmnist-train500.npy");
  const values = new Float32Array(bytes.slice().buffer);
  return (index: number): Tensor => ({
    type: "float32",
    dims: [1, 1, 28, 28],
    data: values.slice(index * 784, (index + 1) * 784).map(change),
  });
}

/** Rows of tokens of the language model's sample text. */
export function tokens() {
  const rows = JSON.parse(new TextDecoder().decode(readShared("data/stories_tokens.json"))) as
    | number[][]
    | { tokens: number[][] };
  const list = Array.isArray(rows) ? rows : rows.tokens;
  return (index: number): Tensor => {
    const row = list[index] ?? [];
    return { ...vector("int64", row.map(BigInt)), dims: [1, row.length] };
  };
}
