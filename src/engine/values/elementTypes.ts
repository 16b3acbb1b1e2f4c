/** The element types Octet reads: what holds their elements, and the integers they can be. */
const ELEMENT_TYPES = {
  float32: { array: Float32Array, limits: null },
  float64: { array: Float64Array, limits: null },
  float16: { array: Uint16Array, limits: null },
  int8: { array: Int8Array, limits: [-128, 127] },
  uint8: { array: Uint8Array, limits: [0, 255] },
  int16: { array: Int16Array, limits: [-32768, 32767] },
  uint16: { array: Uint16Array, limits: [0, 65535] },
  int32: { array: Int32Array, limits: [-(2 ** 31), 2 ** 31 - 1] },
  uint32: { array: Uint32Array, limits: [0, 2 ** 32 - 1] },
  int64: { array: BigInt64Array, limits: [-(2n ** 63n), 2n ** 63n - 1n] },
  uint64: { array: BigUint64Array, limits: [0n, 2n ** 64n - 1n] },
  bool: { array: Uint8Array, limits: [0, 1] },
} as const;

export type DataType = keyof typeof ELEMENT_TYPES;

/** float16 is held as its bits, bool as 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type ElementArray = new (buffer: ArrayBufferLike, offset?: number, length?: number) => TensorData;

export const DATA_TYPES = Object.keys(ELEMENT_TYPES) as readonly DataType[];

export function isDataType(name: string): name is DataType {
  return Object.hasOwn(ELEMENT_TYPES, name);
}

/** Bytes of one element. */
export function elementBytes(type: DataType): number {
  return ELEMENT_TYPES[type].array.BYTES_PER_ELEMENT;
}

/** The typed array that holds elements of a type. */
export function arrayOf(type: DataType): ElementArray {
  return ELEMENT_TYPES[type].array;
}

/** The least and the greatest integer of a type, exact: bigint where the type is of 64 bits; null for the floats. */
export function integerLimits<T extends DataType>(type: T): (typeof ELEMENT_TYPES)[T]["limits"] {
  return ELEMENT_TYPES[type].limits;
}
