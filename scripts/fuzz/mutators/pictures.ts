import { concat } from "../../../src/engine/onnx/encode.ts";
import { crc32 } from "../../../src/engine/values/crc32.ts";
import type { Chance } from "../chance.ts";
import { HOSTILE_INTEGERS, type Mutator, withPartChanged } from "./mutator.ts";
import { mutateRaw } from "./raw.ts";

const SIGNATURE = 8;
const CHUNK = 12;

function withSize(bytes: Uint8Array, at: number, width: 2 | 4, isLittle: boolean, chance: Chance): Uint8Array {
  const copy = bytes.slice();
  if (at + width > copy.length) return copy;
  const value = Number(BigInt.asUintN(width * 8, chance.pick(HOSTILE_INTEGERS)));
  const view = new DataView(copy.buffer);
  if (width === 4) view.setUint32(at, value, isLittle);
  else view.setUint16(at, value, isLittle);
  return copy;
}

/** A PNG whose chunks are changed and have the checksum of what they then hold. */
export const mutatePng: Mutator = (bytes, chance, others) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = SIGNATURE; at + CHUNK <= bytes.length; ) {
    const end = at + CHUNK + view.getUint32(at);
    chunks.push(bytes.subarray(at + 4, end - 4));
    at = end;
  }
  const changed = chance.percent(30)
    ? [withSize(chunks[0]!, chance.pick([4, 8]), 4, false, chance), ...chunks.slice(1)]
    : withPartChanged(chunks, chance, (chunk) =>
        concat([chunk.subarray(0, 4), mutateRaw(chunk.subarray(4), chance, others)]),
      );
  return concat([
    bytes.subarray(0, SIGNATURE),
    ...changed.flatMap((chunk) => [word(chunk.length - 4), chunk, word(crc32(chunk))]),
  ]);
};

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A JPEG whose segments are changed, their lengths kept true. */
export const mutateJpeg: Mutator = (bytes, chance, others) => {
  const segments: Uint8Array[] = [];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    const end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    segments.push(bytes.subarray(at, end));
    at = end;
  }
  const frame = segments.findIndex((segment) => segment[1]! >= 0xc0 && segment[1]! <= 0xc2);
  const changed =
    chance.percent(30) && frame >= 0
      ? segments.map((segment, i) => (i === frame ? withSize(segment, chance.pick([5, 7]), 2, false, chance) : segment))
      : withPartChanged(segments, chance, (segment) => {
          const body = mutateRaw(segment.subarray(4), chance, others);
          const length = body.length + 2;
          return concat([segment.subarray(0, 2), Uint8Array.of((length >> 8) & 0xff, length & 0xff), body]);
        });
  return concat([bytes.subarray(0, 2), ...changed, bytes.subarray(at)]);
};

/** A WebP whose chunks are changed, or the size that its first one announces. */
export const mutateWebp: Mutator = (bytes, chance, others) => {
  if (chance.percent(50)) return withSize(bytes, 20 + chance.below(12), chance.pick([2, 4]), true, chance);
  const body = mutateRaw(bytes.subarray(20), chance, others);
  return concat([bytes.subarray(0, 20), body]);
};
