import { type FlateError, FlateErrorCode, Gunzip } from "fflate";
import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { crc32 } from "../values/crc32.ts";
import { assertHeld } from "./held.ts";
import { isGzip } from "./magic.ts";

/** A file out of gzip, and how many bytes after its end were no part of it. */
export interface Inflated {
  readonly file: DataFile;
  readonly garbage: number;
}

/** Bytes read at a time. */
const PIECE = 1 << 20;
/** Bytes inflated at a time. */
const PART = 1 << 16;

/** The shortest header and the shortest content of a member, and the CRC-32 and length of the content after them (RFC 1952). */
const HEADER_BYTES = 10;
const CONTENT_BYTES = 2;
const TRAILER_BYTES = 8;

interface Member {
  readonly start: number;
  crc: number;
  length: number;
}

/** The first bytes of what a gzip file holds; empty when it is damaged. */
export async function gunzipHead(file: DataFile): Promise<Uint8Array> {
  let head = new Uint8Array();
  const stream = new Gunzip((chunk) => {
    if (head.length === 0) head = new Uint8Array(chunk);
  });
  const start = await file.read(0, Math.min(4096, file.size));
  try {
    stream.push(start);
  } catch {
    return head;
  }
  return head;
}

/**
 * The file with its content inflated and held in memory, under the same path: all members one after the other, and as
 * gzip(1) has it, zeros after the last are padding and anything else is garbage to be ignored. Throws InputError when a
 * member does not have the CRC-32 and the length it carries, or the content is more than `most` bytes.
 */
export async function gunzipFile(file: DataFile, most?: number): Promise<Inflated> {
  const damaged = new InputError(`${file.path} is a damaged gzip file; copy it again.`);
  const { bytes, members, chunks } = await inflateMembers(file, damaged, most);
  members.forEach((member, i) => {
    const next = members[i + 1];
    if (next && !isTrailer(bytes, next.start - TRAILER_BYTES, member)) throw damaged;
  });
  const end = endOf(bytes, members.at(-1)!);
  if (end === null) throw damaged;
  const rest = bytes.subarray(end);
  if (isGzip(rest)) throw damaged;
  const content = joined(chunks);
  return {
    file: {
      path: file.path,
      size: content.length,
      ...(file.input !== undefined && { input: file.input }),
      read: async (start, end) => content.subarray(start, end),
    },
    garbage: rest.some((byte) => byte !== 0) ? rest.length : 0,
  };
}

async function inflateMembers(file: DataFile, damaged: InputError, most?: number) {
  const bytes = new Uint8Array(file.size);
  const chunks: Uint8Array[] = [];
  const members: Member[] = [{ start: 0, crc: 0, length: 0 }];
  let length = 0;
  const stream = new Gunzip((chunk) => {
    length += chunk.length;
    assertHeld(file.path, length, most);
    const member = members.at(-1)!;
    member.crc = crc32(chunk, member.crc);
    member.length += chunk.length;
    chunks.push(chunk);
  });
  stream.onmember = (start) => members.push({ start, crc: 0, length: 0 });
  let isAtEnd = false;
  for (let at = 0; at < bytes.length; at += PIECE) {
    const end = Math.min(at + PIECE, bytes.length);
    bytes.set(await file.read(at, end), at);
    try {
      for (let from = at; from < end && !isAtEnd; from += PART) {
        stream.push(bytes.subarray(from, Math.min(from + PART, end)), from + PART >= bytes.length);
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      if ((error as FlateError).code !== FlateErrorCode.InvalidHeader) throw damaged;
      isAtEnd = true;
    }
  }
  return { bytes, members, chunks };
}

/** Where a member ends: fflate does not say it of the last one, but no other place has its checksum and length. */
function endOf(bytes: Uint8Array, member: Member): number | null {
  const first = member.start + HEADER_BYTES + CONTENT_BYTES;
  for (let at = bytes.length - TRAILER_BYTES; at >= first; at--) {
    if (isTrailer(bytes, at, member)) return at + TRAILER_BYTES;
  }
  return null;
}

function isTrailer(bytes: Uint8Array, at: number, { crc, length }: Member): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, TRAILER_BYTES);
  return view.getUint32(0, true) === crc && view.getUint32(4, true) === length % 2 ** 32;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
