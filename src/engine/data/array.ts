import type { DataFile } from "../model/dataset.ts";
import { elementCount } from "../values/dims.ts";
import { type DataType, elementBytes, type TensorData } from "../values/elementTypes.ts";
import { decodeElements } from "./elements.ts";

/** An array in a file, in row-major order, of which nothing but the header has been read. */
export interface ArrayFile {
  readonly format: "npy" | "idx";
  readonly file: DataFile;
  readonly dims: readonly number[];
  readonly type: DataType;
  readonly littleEndian: boolean;
  /** Where the elements start, in bytes. */
  readonly offset: number;
}

/** Where the elements end, in bytes. */
export function endOf({ offset, dims, type }: Pick<ArrayFile, "offset" | "dims" | "type">): number {
  return offset + elementCount(dims) * elementBytes(type);
}

/** Elements start..start+count of the flattened array. */
export async function readElements(array: ArrayFile, start: number, count: number): Promise<TensorData> {
  return decodeElements(await readBytes(array, start, count), array.type, array.littleEndian);
}

/** The same as they are in the file. */
export function readBytes(array: ArrayFile, start: number, count: number): Promise<Uint8Array> {
  const width = elementBytes(array.type);
  const from = array.offset + start * width;
  return array.file.read(from, from + count * width);
}
