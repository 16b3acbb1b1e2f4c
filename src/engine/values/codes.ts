import { elementBytes, integerLimits } from "./elementTypes.ts";

/** The least and the greatest code. */
export type CodeLimits = readonly [lowest: number, highest: number];

/** The types that activations are quantized to. */
export const ACTIVATION_TYPES = ["uint8", "int8"] as const;
export type ActivationType = (typeof ACTIVATION_TYPES)[number];

/** The types that weights are quantized to. */
export const WEIGHT_TYPES = ["int8", "int4"] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

const WEIGHT_CODES: Readonly<Record<WeightType, CodeLimits>> = { int8: [-127, 127], int4: [-8, 7] };

const WEIGHT_BITS: Readonly<Record<WeightType, number>> = { int8: 8, int4: 4 };

/** The largest magnitude of a bias code, which is int32 and as far from zero on either side. */
export const BIAS_LIMIT = integerLimits("int32")[1];

/** The integers that QuantizeLinear saturates to: [0, 255] or [-128, 127], symmetric or not. */
export function codeLimits(type: ActivationType): CodeLimits {
  return integerLimits(type);
}

/**
 * The codes that weights use. Symmetric int8 leaves -128 out, so that a weight and its negative are equally far from
 * zero; of 16 codes none is left out.
 */
export function weightLimits(type: WeightType): CodeLimits {
  return WEIGHT_CODES[type];
}

/** What a weight takes more in float32 than in a type, bytes an element. */
export function floatCost(type: WeightType | "float32"): number {
  return type === "float32" ? 0 : elementBytes("float32") - WEIGHT_BITS[type] / 8;
}
