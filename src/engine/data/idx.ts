import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { DataType } from "../values/elementTypes.ts";
import { type ArrayFile, endOf } from "./array.ts";

const TYPES: Readonly<Record<number, DataType>> = {
  8: "uint8",
  9: "int8",
  11: "int16",
  12: "int32",
  13: "float32",
  14: "float64",
};

/** Reads the header of an IDX file (yann.lecun.com/exdb/mnist). Throws InputError naming a file cut short. */
export async function readIdx(file: DataFile): Promise<ArrayFile> {
  const head = await file.read(0, Math.min(20, file.size));
  const rank = head[3]!;
  const type = TYPES[head[2]!]!;
  const offset = 4 + 4 * rank;
  const short = new InputError(`${file.path} is cut short: it holds less than its header says; copy it again.`);
  if (head.length < offset) throw short;
  const view = new DataView(head.buffer, head.byteOffset);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (endOf({ offset, dims, type }) > file.size) throw short;
  return { format: "idx", file, dims, type, littleEndian: false, offset };
}
