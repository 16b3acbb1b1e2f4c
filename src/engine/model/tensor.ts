export type DataType =
  | "float32"
  | "float64"
  | "float16"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

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

/** A dense tensor in row-major order. float16 holds its bits in a Uint16Array, bool in a Uint8Array of 0 and 1. */
export interface Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** Tensors by graph name: what goes into a run, or comes out of it. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** A model's input or output. A dimension is a number, a symbol such as "batch", or null where the file is silent. */
export interface Port {
  readonly name: string;
  readonly type: DataType | "other";
  readonly dims: readonly (number | string | null)[];
}
