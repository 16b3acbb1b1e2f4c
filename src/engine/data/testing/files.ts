import { closeSync, openSync, readSync, statSync } from "node:fs";
import { zipSync } from "fflate";
import type { DataFile } from "../../model/dataset.ts";

/** A file held in memory that notes what is read of it. */
export function memoryFile(path: string, content: Uint8Array | string) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const reads: (readonly [start: number, end: number])[] = [];
  const file: DataFile = {
    path,
    size: bytes.length,
    async read(start = 0, end = bytes.length) {
      reads.push([start, end]);
      return bytes.slice(start, end);
    },
  };
  return { ...file, reads };
}

/** A file that keeps `left` bytes of what it had when it was listed, from its read number `from` on. */
export function shrinking(path: string, content: Uint8Array | string, left: number, from: number): DataFile {
  const whole = memoryFile(path, content);
  let reads = 0;
  return {
    path,
    size: whole.size,
    read: async (start = 0, end = whole.size) => {
      reads += 1;
      return (await whole.read(start, end)).slice(0, reads > from ? Math.max(0, left - start) : whole.size);
    },
  };
}

/** A file on disk under the path `name`. */
export function diskFile(path: string, name: string): DataFile {
  const { size } = statSync(path);
  return {
    path: name,
    size,
    async read(start = 0, end = size) {
      const bytes = new Uint8Array(end - start);
      const handle = openSync(path, "r");
      readSync(handle, bytes, 0, bytes.length, start);
      closeSync(handle);
      return bytes;
    },
  };
}

/** A .npy file as numpy.save writes it; `descr` and `order` as in its header. */
export function npyBytes(
  descr: string,
  dims: readonly number[],
  data: ArrayBufferView,
  { version = 1, order = "False" } = {},
): Uint8Array {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const prefix = version === 1 ? 10 : 12;
  const length = Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix;
  const bytes = new Uint8Array(prefix + length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, length, true);
  else view.setUint32(8, length, true);
  bytes.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), prefix);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), prefix + length);
  return bytes;
}

/** An IDX file of uint8. */
export function idxBytes(dims: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + data.length);
  bytes.set([0, 0, 8, dims.length]);
  const view = new DataView(bytes.buffer);
  for (const [i, dim] of dims.entries()) view.setUint32(4 + 4 * i, dim);
  bytes.set(data, 4 + 4 * dims.length);
  return bytes;
}

export function range(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => i);
}

/** A zip archive as zipfile writes it, deflated where `level` is above 0; a .npz file where it holds .npy files. */
export function zipBytes(files: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 0): Uint8Array {
  return zipSync(files, { level });
}

/** A .npz file as numpy.savez writes it, with arrays as they are in .npy files by name. */
export function npzBytes(arrays: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 0): Uint8Array {
  return zipBytes(Object.fromEntries(Object.entries(arrays).map(([name, npy]) => [`${name}.npy`, npy])), level);
}
