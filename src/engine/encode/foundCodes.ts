import { InputError } from "../model/job.ts";
import type { FoundCodes } from "../model/recipe.ts";
import { packBytes, unpackBytes } from "../numerics/base64.ts";
import { packedCodes, type WeightCodes, type WeightType, weightBits, weightCodes } from "../values/codes.ts";

interface BlockedCodes {
  readonly codes: WeightCodes;
  readonly scales: Float32Array;
  readonly zeroPoints: WeightCodes | null;
}

/** How many codes and scales there are, the zero points that were worked out, and whether there may be others than 0 where none were. */
interface Shape extends Pick<BlockedCodes, "zeroPoints"> {
  readonly codes: { readonly length: number };
  readonly scales: { readonly length: number };
  readonly takesZeroPoints: boolean;
}

/** Codes, scales and zero points of a weight as a recipe keeps them, those of 4 and 2 bits packed, the first lowest. */
export function packCodes({ codes, scales, zeroPoints }: BlockedCodes, type: WeightType): FoundCodes {
  const floats = new DataView(new ArrayBuffer(4 * scales.length));
  for (const [at, scale] of scales.entries()) floats.setFloat32(4 * at, scale, true);
  return {
    codes: packBytes(packed(codes, type)),
    scales: packBytes(new Uint8Array(floats.buffer)),
    ...(zeroPoints && { zeroPoints: packBytes(packed(zeroPoints, type)) }),
  };
}

/**
 * Reads them for a weight of so many values and scales; zero points that they do not have are those worked out. Throws InputError
 * where they are of another weight, or a scale is none.
 */
export function unpackCodes(
  found: FoundCodes,
  { codes: { length }, scales: { length: count }, zeroPoints: worked, takesZeroPoints }: Shape,
  type: WeightType,
  name: string,
): BlockedCodes {
  const codes = unpacked(found.codes, length, type);
  const floats = unpackBytes(found.scales, 4 * count);
  const { zeroPoints: points } = found;
  const zeroPoints = points === undefined ? worked : unpacked(points, count, type);
  const areTaken = worked !== null || takesZeroPoints || points === undefined;
  if (!codes || !floats || !areTaken || (!zeroPoints && (worked || points !== undefined))) {
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
  return { codes, scales, zeroPoints };
}

function packed(codes: WeightCodes, type: WeightType): Uint8Array {
  const bits = weightBits(type);
  return bits === 8 ? new Uint8Array(codes.buffer, codes.byteOffset, codes.length) : packedCodes(codes, bits);
}

/** Null where there are not so many. */
function unpacked(text: string, length: number, type: WeightType): WeightCodes | null {
  const width = weightBits(type);
  const each = 8 / width;
  const bytes = unpackBytes(text, Math.ceil(length / each));
  if (!bytes) return null;
  const codes = weightCodes(type, length);
  for (let at = 0; at < length; at++) {
    const byte = bytes[Math.floor(at / each)] as number;
    const bits = (byte >> (width * (at % each))) & (2 ** width - 1);
    codes[at] = codes instanceof Uint8Array ? bits : (bits << (32 - width)) >> (32 - width);
  }
  return codes;
}
