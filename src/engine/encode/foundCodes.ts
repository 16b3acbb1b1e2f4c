import { InputError } from "../model/job.ts";
import type { FoundCodes } from "../model/recipe.ts";
import { packBytes, unpackBytes } from "../numerics/base64.ts";
import { packedCodes, type WeightCodes, type WeightType, weightBits, weightCodes } from "../values/codes.ts";

/** Codes and scales of a weight as a recipe keeps them. */
export function packCodes(codes: WeightCodes, scales: Float32Array, type: WeightType): FoundCodes {
  const bits = weightBits(type);
  const bytes = bits === 8 ? new Uint8Array(codes.buffer, codes.byteOffset, codes.length) : packedCodes(codes, bits);
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
  const width = weightBits(type);
  const each = 8 / width;
  const bytes = unpackBytes(found.codes, Math.ceil(length / each));
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
    const byte = bytes[Math.floor(at / each)] as number;
    const bits = (byte >> (width * (at % each))) & (2 ** width - 1);
    codes[at] = codes instanceof Uint8Array ? bits : (bits << (32 - width)) >> (32 - width);
  }
  return { codes, scales };
}
