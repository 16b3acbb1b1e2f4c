import { packCodes } from "../encode/foundCodes.ts";
import type { FoundCodes } from "../model/recipe.ts";
import { packBits } from "../numerics/bits.ts";
import { isAsymmetric, weightCodes, weightLimits } from "../values/codes.ts";
import type { ReadConstant } from "./constant.ts";
import { isWeightType, recipeType } from "./scheme.ts";

/**
 * Which weights a file has rounded up, as a recipe keeps learned rounding, under the scales that an export has; null where a code is
 * neither the one below nor the one above a weight, or the file's shape is another.
 */
export function carriedRounding(file: ReadConstant, made: ReadConstant, weights: Float32Array): string | null {
  const type = recipeType(file);
  const { placeOf } = made;
  if (!isWeightType(type) || !placeOf || file.dims.join() !== made.dims.join()) return null;
  if (weights.length !== file.codes.length) return null;
  const [lowest, highest] = weightLimits(type);
  const up = new Uint8Array(weights.length);
  for (let at = 0; at < weights.length; at++) {
    const below = Math.floor(Math.fround((weights[at] as number) / (made.scales[placeOf(at)] as number)));
    const code = codeOf(file, at);
    const rise = code - below;
    if (rise === 1) up[at] = 1;
    const isClamped = (code === lowest && below < lowest) || (code === highest && below >= highest);
    if (rise !== 0 && rise !== 1 && !isClamped) return null;
  }
  return packBits(up);
}

/** Codes and scales of a weight in blocks as a recipe keeps those found on samples; null where its shape is another than the export's. */
export function carriedCodes(file: ReadConstant, made: ReadConstant): FoundCodes | null {
  const type = recipeType(file);
  if (!isWeightType(type) || file.dims.join() !== made.dims.join() || file.block === null) return null;
  if (file.block.axis !== made.block?.axis || file.block.size !== made.block.size) return null;
  if (file.scales.some((scale) => !(scale > 0 && scale < Infinity))) return null;
  const codes = weightCodes(type, file.codes.length);
  const isOwn = isAsymmetric(type);
  for (let at = 0; at < codes.length; at++) codes[at] = isOwn ? (file.codes[at] as number) : codeOf(file, at);
  const zeroPoints = isOwn ? weightCodes(type, file.scales.length) : null;
  if (zeroPoints && file.zeroPoints) zeroPoints.set(file.zeroPoints);
  return packCodes({ codes, scales: file.scales, zeroPoints }, type);
}

/** A code counted from its zero point. */
export function codeOf({ codes, zeroPoints, placeOf, table }: ReadConstant, at: number): number {
  const code = codes[at] as number;
  return table || !zeroPoints || !placeOf ? code : code - (zeroPoints[placeOf(at)] as number);
}
