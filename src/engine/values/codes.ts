import { FLOAT8_LARGEST } from "./byteFloats.ts";
import { elementBytes, integerLimits } from "./elementTypes.ts";

/** The least and the greatest code. */
export type CodeLimits = readonly [lowest: number, highest: number];

/** The types that activations are quantized to. */
export const ACTIVATION_TYPES = ["uint8", "int8", "uint16", "int16", "float8"] as const;
export type ActivationType = (typeof ACTIVATION_TYPES)[number];

/** Whether a type is none that integer kernels of processors multiply: of 16 bits, or float8. */
export function isWide(type: ActivationType): boolean {
  return type === "uint16" || type === "int16" || type === "float8";
}

/** The types that weights are quantized to. Codes of nf4 (numerics/normalFloat.ts) and of codebooks (numerics/codebook.ts) are places in a table. */
export const WEIGHT_TYPES = [
  ...(["int8", "uint8", "int4", "uint4", "int2", "uint2"] as const),
  ...(["nf4", "codebook16", "codebook256", "float8"] as const),
] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

/** What weights of layers that are computed in float are kept in; int4 in blocks. */
export const STORED_TYPES = ["int8", "float16", "int4"] as const;
export type StoredType = (typeof STORED_TYPES)[number];

/** How many of these share a scale in int4, along the axis of inputs. */
export const STORED_BLOCK = 32;

const WEIGHT_CODES: Readonly<Record<WeightType, CodeLimits>> = {
  int8: [-127, 127],
  uint8: [0, 255],
  int4: [-8, 7],
  uint4: [0, 15],
  int2: [-2, 1],
  uint2: [0, 3],
  nf4: [0, 15],
  codebook16: [0, 15],
  codebook256: [0, 255],
  float8: [-FLOAT8_LARGEST, FLOAT8_LARGEST],
};

const WEIGHT_BITS: Readonly<Record<WeightType, 8 | 4 | 2>> = {
  int8: 8,
  uint8: 8,
  int4: 4,
  uint4: 4,
  int2: 2,
  uint2: 2,
  nf4: 4,
  codebook16: 4,
  codebook256: 8,
  float8: 8,
};

/** Codes of weights: Uint8Array for the unsigned types, whose zero points are their own, for places in tables, and for the bits of float8. */
export type WeightCodes = Int8Array | Uint8Array;

/** How many values along the summed axis of a weight may share a scale. */
export const BLOCK_SIZES = [16, 32, 64, 128, 256] as const;
export type BlockSize = (typeof BLOCK_SIZES)[number];

/** The largest magnitude of a bias code, which is int32 and as far from zero on either side. */
export const BIAS_LIMIT = integerLimits("int32")[1];

/** What QuantizeLinear saturates to, such as [0, 255] or [-128, 127], symmetric or not, and of float8 its largest values. */
export function codeLimits(type: ActivationType): CodeLimits {
  return type === "float8" ? WEIGHT_CODES.float8 : integerLimits(type);
}

/**
 * The codes that weights use. Symmetric int8 leaves -128 out, so that a weight and its negative are equally far from
 * zero; of 16 codes or 4 none is left out.
 */
export function weightLimits(type: WeightType): CodeLimits {
  return WEIGHT_CODES[type];
}

/** How many bits a code of a weight takes. */
export function weightBits(type: WeightType): 8 | 4 | 2 {
  return WEIGHT_BITS[type];
}

const FAMILIES: readonly (readonly WeightType[])[] = [
  ["int2", "int4", "int8"],
  ["uint2", "uint4", "uint8"],
];

/** The types of more bits that weights of a type may be given, those of fewest bits first. */
export function widerTypes(type: WeightType): readonly WeightType[] {
  const family = FAMILIES.find((types) => types.includes(type)) ?? [];
  return family.slice(family.indexOf(type) + 1);
}

/** Whether a type's weights have zero points: the unsigned ones. */
export function isAsymmetric(type: WeightType): boolean {
  return type === "uint8" || type === "uint4" || type === "uint2";
}

/** Whether codes are places in a table that is the tensor's own. */
export function isCodebook(type: string): type is "codebook16" | "codebook256" {
  return type === "codebook16" || type === "codebook256";
}

/** Whether a type is for weights alone, with activations in float. */
export function isAlone(type: WeightType): boolean {
  return isAsymmetric(type) || type === "int2" || type === "nf4" || isCodebook(type);
}

/** How many bits a code of an activation takes. */
export function activationBits(type: ActivationType): 8 | 16 {
  return type === "uint16" || type === "int16" ? 16 : 8;
}

/** What layers that make new values of activations of a type compute in. */
export function precisionOf(type: ActivationType): "int8" | "int16" | "float8" {
  if (type === "float8") return type;
  return activationBits(type) === 16 ? "int16" : "int8";
}

/** Room for the codes of so many weights. */
export function weightCodes(type: WeightType, count: number): WeightCodes {
  return isAsymmetric(type) || isCodebook(type) || type === "float8" ? new Uint8Array(count) : new Int8Array(count);
}

/** What a weight takes more in float32 than in a type, bytes an element. */
export function floatCost(type: WeightType | "int16" | "float16" | "bfloat16" | "float32"): number {
  if (type === "bfloat16" || type === "int16") return 2;
  if (type === "float16" || type === "float32") return elementBytes("float32") - elementBytes(type);
  return elementBytes("float32") - WEIGHT_BITS[type] / 8;
}

/** Codes of 8, 4 or 2 bits side by side, the first in the lowest bits of a byte; what is left of the last byte is 0. */
export function packedCodes(codes: WeightCodes, bits: 8 | 4 | 2): Uint8Array<ArrayBuffer> {
  const each = 8 / bits;
  const mask = 2 ** bits - 1;
  const bytes = new Uint8Array(Math.ceil(codes.length / each));
  for (let byte = 0, at = 0; byte < bytes.length; byte++) {
    let made = 0;
    for (let shift = 0; shift < 8 && at < codes.length; shift += bits)
      made |= ((codes[at++] as number) & mask) << shift;
    bytes[byte] = made;
  }
  return bytes;
}
