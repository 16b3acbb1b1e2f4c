import { Inflate } from "fflate";
import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { crc32 } from "../values/crc32.ts";
import { assertHeld } from "./held.ts";

/** A file in a zip archive, of which nothing but its entry in the directory has been read. */
export interface ZipMember {
  readonly name: string;
  readonly size: number;
  /**
   * Its content, once it has the CRC-32 that the archive gives it: what is stored is read from the archive in parts, what
   * is deflated is inflated and held. Throws InputError naming a member that is damaged, encrypted or otherwise compressed.
   */
  open(): Promise<DataFile>;
}

/** Signatures and lengths of PKWARE's APPNOTE 6.3.10, sections 4.3.7 to 4.3.16. */
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const END = { signature: 0x06054b50, bytes: 22 };
const LOCATOR_64 = { signature: 0x07064b50, bytes: 20 };
const END_64 = { signature: 0x06064b50, bytes: 56 };
const LONGEST_COMMENT = 0xffff;
const ESCAPE = 0xffffffff;

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** No deflated data is longer, by the number of bytes that one of them can stand for. */
const MOST_INFLATED = 1032;

/** Bytes read at a time. */
const PIECE = 1 << 20;

interface Entry {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly at: number;
}

/** The files of a zip archive, in its own order, without folders. Throws InputError where it is damaged. */
export async function zipMembers(archive: DataFile): Promise<ZipMember[]> {
  const damaged = new InputError(`${archive.path} is a damaged zip archive; copy it again or write it anew.`);
  try {
    const entries = await readDirectory(archive, damaged);
    return entries
      .filter(({ name }) => !name.endsWith("/"))
      .map((entry) => ({ name: entry.name, size: entry.size, open: () => openMember(archive, entry) }));
  } catch (error) {
    if (error instanceof RangeError) throw damaged;
    throw error;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function readDirectory(archive: DataFile, damaged: InputError): Promise<Entry[]> {
  const { start, end, count } = await findDirectory(archive, damaged);
  if (!(start <= end && end <= archive.size)) throw damaged;
  const bytes = await archive.read(start, end);
  const view = viewOf(bytes);
  const entries: Entry[] = [];
  for (let at = 0, i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== CENTRAL.signature) throw damaged;
    const name = at + CENTRAL.bytes;
    const extra = name + view.getUint16(at + 28, true);
    const comment = extra + view.getUint16(at + 30, true);
    if (comment > bytes.length) throw damaged;
    const [size, compressed, offset] = wideFields(view, extra, comment, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(name, extra)),
      rawName: bytes.subarray(name, extra),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      size: size!,
      compressed: compressed!,
      at: offset!,
    });
    at = comment + view.getUint16(at + 32, true);
  }
  return entries;
}

async function findDirectory(archive: DataFile, damaged: InputError) {
  const from = Math.max(0, archive.size - END.bytes - LONGEST_COMMENT);
  const view = viewOf(await archive.read(from, archive.size));
  let at = view.byteLength - END.bytes;
  while (at >= 0 && view.getUint32(at, true) !== END.signature) at--;
  if (at < 0) throw damaged;
  const [count, size, start] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ];
  const isWide = count === 0xffff || size === ESCAPE || start === ESCAPE;
  if (!isWide) return { start, end: start + size, count };
  const locator = at - LOCATOR_64.bytes;
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR_64.signature) throw damaged;
  const wideAt = Number(view.getBigUint64(locator + 8, true));
  if (wideAt + END_64.bytes > archive.size) throw damaged;
  const wide = viewOf(await archive.read(wideAt, wideAt + END_64.bytes));
  if (wide.getUint32(0, true) !== END_64.signature) throw damaged;
  const wideStart = Number(wide.getBigUint64(48, true));
  return {
    start: wideStart,
    end: wideStart + Number(wide.getBigUint64(40, true)),
    count: Number(wide.getBigUint64(32, true)),
  };
}

/** Fields of 32 bits, those that did not fit taken from the ZIP64 extra field, which has them in this order. */
function wideFields(view: DataView, start: number, end: number, fields: readonly number[]): number[] {
  for (let at = start; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== ESCAPE) return field;
      const value = Number(view.getBigUint64(next, true));
      next += 8;
      return value;
    });
  }
  return [...fields];
}

async function openMember(archive: DataFile, entry: Entry): Promise<DataFile> {
  const { name, rawName, flags, method, size, compressed, at } = entry;
  const path = `${archive.path}/${name}`;
  const damaged = new InputError(`${path} is damaged; copy ${archive.path} again or write it anew.`);
  if (flags & ENCRYPTED) throw new InputError(`${path} is encrypted; pack it without a password.`);
  if (method !== STORED && method !== DEFLATED) {
    throw new InputError(
      `${path} is compressed by method ${method} of zip; pack it with deflate, or without compression.`,
    );
  }
  const nameAt = at + LOCAL.bytes;
  if (nameAt + rawName.length > archive.size) throw damaged;
  const header = await archive.read(at, nameAt + rawName.length);
  const local = viewOf(header);
  const isNamed = rawName.every((byte, i) => byte === header[LOCAL.bytes + i]);
  if (local.getUint32(0, true) !== LOCAL.signature || !isNamed) throw damaged;
  const from = nameAt + local.getUint16(26, true) + local.getUint16(28, true);
  const isTooLong = method === STORED ? size !== compressed : size > MOST_INFLATED * compressed;
  if (isTooLong || from + compressed > archive.size) throw damaged;
  const { input } = archive;
  const about = { path, size, ...(input !== undefined && { input }) };
  if (method === STORED) {
    const file: DataFile = { ...about, read: (start = 0, end = size) => archive.read(from + start, from + end) };
    if ((await checksum(file)) !== entry.crc) throw damaged;
    return file;
  }
  assertHeld(path, size);
  const content = await inflated(archive, from, from + compressed, size, damaged);
  if (crc32(content) !== entry.crc) throw damaged;
  return { ...about, read: async (start = 0, end = size) => content.subarray(start, end) };
}

async function checksum(file: DataFile): Promise<number> {
  let crc = 0;
  for (let at = 0; at < file.size; at += PIECE) {
    crc = crc32(await file.read(at, Math.min(at + PIECE, file.size)), crc);
  }
  return crc;
}

/** Inflates what lies between two bytes of an archive, which is read piece by piece, so that whoever reads can stop. */
async function inflated(
  archive: DataFile,
  start: number,
  end: number,
  size: number,
  damaged: InputError,
): Promise<Uint8Array> {
  const content = new Uint8Array(size);
  let length = 0;
  const stream = new Inflate((chunk) => {
    if (length + chunk.length > size) throw damaged;
    content.set(chunk, length);
    length += chunk.length;
  });
  for (let at = start; at < end; at += PIECE) {
    const piece = await archive.read(at, Math.min(at + PIECE, end));
    try {
      stream.push(piece, at + PIECE >= end);
    } catch {
      throw damaged;
    }
  }
  if (length !== size) throw damaged;
  return content;
}
