import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { own } from "../model/record.ts";
import { copyBytes } from "../values/copyBytes.ts";
import { elementCount } from "../values/dims.ts";
import { type DataType, elementBytes } from "../values/elementTypes.ts";
import { type ArrayFile, endOf } from "./array.ts";

const TYPES: Readonly<Record<string, DataType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
};

/**
 * Reads the header of a .npy file (NEP 1, versions 1 to 3). Arrays in Fortran order are brought to C order and held.
 * Throws InputError naming the file for element types other than numbers and bool, and a file shorter than its header says.
 */
export async function readNpy(file: DataFile): Promise<ArrayFile> {
  const broken = new InputError(`${file.path} is a damaged .npy file; write it again with numpy.save.`);
  const prefix = await file.read(0, Math.min(12, file.size));
  if (prefix.length < 12 || prefix[6]! < 1 || prefix[6]! > 3) throw broken;
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  const start = prefix[6] === 1 ? 10 : 12;
  const offset = start + (prefix[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (offset > file.size) throw broken;
  const header = new TextDecoder().decode(await file.read(start, offset));

  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  if (shape === undefined || order === undefined) throw broken;
  const [, descr] = /'descr'\s*:\s*'([^']*)'/.exec(header) ?? [];
  const type = own(TYPES, descr?.slice(1) ?? "");
  if (!descr || !type || !"<>|=".includes(descr[0]!)) {
    const held = descr === undefined ? "a structured array" : `elements of type "${descr}"`;
    throw new InputError(`${file.path} holds ${held}; give it numbers, such as float32 or uint8.`);
  }
  const dims = (shape.match(/\d+/g) ?? []).map(Number);
  if (endOf({ offset, dims, type }) > file.size) {
    throw new InputError(`${file.path} is cut short: it holds less than its header says; copy it again.`);
  }
  const rowMajor = order === "True" ? await inRowMajor(file, offset, dims, elementBytes(type)) : file;
  return { format: "npy", file: rowMajor, dims, type, littleEndian: descr[0] !== ">", offset };
}

/** A file with the elements after `offset`, which are in Fortran order, in C order; it is held. */
async function inRowMajor(file: DataFile, offset: number, dims: readonly number[], width: number): Promise<DataFile> {
  const stored = await file.read();
  const elements = stored.subarray(offset);
  const bytes = copyBytes(stored);
  const strides = dims.map((_, axis) => elementCount(dims.slice(0, axis)) * width);
  const at = dims.map(() => 0);
  const count = elementCount(dims);
  let from = 0;
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < width; byte++) bytes[offset + i * width + byte] = elements[from + byte]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at[axis]!++;
      from += strides[axis]!;
      if (at[axis]! < dims[axis]!) break;
      from -= strides[axis]! * dims[axis]!;
      at[axis] = 0;
    }
  }
  return { ...file, read: async (start = 0, end = bytes.length) => bytes.subarray(start, end) };
}
