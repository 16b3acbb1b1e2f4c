import { InputError } from "../model/job.ts";
import type { FoundCodes } from "../model/recipe.ts";
import { packBytes, unpackBytes } from "../numerics/base64.ts";
import { type WeightCodes, type WeightType, weightBits, weightCodes } from "../values/codes.ts";

/** Codes and scales of a weight as a recipe keeps them. */
export function packCodes(codes: WeightCodes, scales: Float32Array, type: WeightType): FoundCodes {
  const bytes = weightBits(type) === 4 ? nibbles(codes) : new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
  const floats = new DataView(new ArrayBuffer(4 * scales.length));
  for (const [at, scale] of scales.entries()) floats.setFloat32(4 * at, scale, true);
  return { codes: packBytes(bytes), scales: packBytes(new Uint8Array(floats.buffer)) };
}

/**
 * Reads them for a weight of so many values and scales. Throws InputError where they are of another weight, or a scale is none.
 */
export function unpackCodes(
  found: FoundCodes,
  { codes: { length }, scales: { length: count } }: { readonly codes: WeightCodes; readonly scales: Float32Array },
  type: WeightType,
  name: string,
): { readonly codes: WeightCodes; readonly scales: Float32Array } {
  const isPacked = weightBits(type) === 4;
  const bytes = unpackBytes(found.codes, isPacked ? Math.ceil(length / 2) : length);
  const floats = unpackBytes(found.scales, 4 * count);
  if (!bytes || !floats) {
    throw new InputError(
      `The recipe's codes do not fit the weight ${name} of ${length} values; set "codes" to null in the recipe to find them again.`,
    );
  }
  const view = new DataView(floats.buffer);
  const scales = Float32Array.from({ length: count }, (_, at) => view.getFloat32(4 * at, true));
  if (!scales.every((scale) => scale > 0 && scale < Infinity)) {
    throw new InputError(
      `The recipe holds a scale that is not positive and finite for the weight ${name}; set "codes" to null in the recipe to find them again.`,
    );
  }
  const codes = weightCodes(type, length);
  for (let at = 0; at < length; at++) {
    const byte = bytes[isPacked ? at >> 1 : at] as number;
    const bits = isPacked ? (byte >> (4 * (at & 1))) & 15 : byte;
    codes[at] = codes instanceof Uint8Array ? bits : isPacked ? (bits << 28) >> 28 : (bits << 24) >> 24;
  }
  return { codes, scales };
}

/** Two codes a byte, the first in the lower half. */
function nibbles(codes: WeightCodes): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(codes.length / 2));
  for (let at = 0; at < codes.length; at++) {
    bytes[at >> 1] = (bytes[at >> 1] as number) | (((codes[at] as number) & 15) << (4 * (at & 1)));
  }
  return bytes;
}
