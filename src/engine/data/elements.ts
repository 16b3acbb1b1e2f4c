import { InputError } from "../model/job.ts";
import type { DataType, TensorData } from "../model/tensor.ts";

export const ELEMENT_BYTES: Readonly<Record<DataType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The elements that `bytes` hold, as an array of their own; float16 is widened to float32, which is exact. */
export function decodeElements(bytes: Uint8Array, type: DataType, littleEndian: boolean): TensorData {
  const copy = bytes.slice();
  const width = ELEMENT_BYTES[type];
  if (!littleEndian && width > 1) {
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  }
  const elements = new ARRAYS[type](copy.buffer);
  return type === "float16" ? Float32Array.from(elements as Uint16Array, widenHalf) : elements;
}

const INTEGER_LIMITS = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1],
  uint64: [0, 2 ** 64 - 1],
  bool: [0, 1],
} as const;

/** The types of model inputs that data can be brought to. */
export type FeedType = "float32" | "float64" | keyof typeof INTEGER_LIMITS;

export function isFeedType(type: DataType | "other"): type is FeedType {
  return type === "float32" || type === "float64" || type in INTEGER_LIMITS;
}

/**
 * Values as an array of the type a model takes. To float they are rounded; to an integer type they must be integers
 * within its range, else InputError naming `source`.
 */
export function convertElements(values: TensorData, type: FeedType, source: string): TensorData {
  const Target = ARRAYS[type];
  if (values instanceof Target && type !== "bool") return values;
  if (type === "float32") return Float32Array.from(values as Iterable<number>, Number);
  if (type === "float64") return Float64Array.from(values as Iterable<number>, Number);
  const [low, high] = INTEGER_LIMITS[type];
  const big = type === "int64" || type === "uint64";
  const out = new Target(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const number = Number(value);
    if (!(number >= low && number <= high && Number.isInteger(number))) {
      throw new InputError(`${source} holds ${value}, but the model's input takes ${type}; give it integers in range.`);
    }
    out[i] = big ? BigInt(value) : number;
  }
  return out;
}
