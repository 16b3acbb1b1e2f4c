import type { CodeCounts, StoredConstant } from "../model/quantizedFile.ts";
import { elementCount } from "../values/dims.ts";
import { integerLimits, isDataType } from "../values/elementTypes.ts";

/** A constant with its codes and, worked out when they are asked for, its values. */
export interface ReadConstant extends Omit<StoredConstant, "codes"> {
  /** One an element, in the order of `dims`; of a short float its values. */
  readonly codes: ArrayLike<number>;
  /** What codes are places of; absent where they are numbers. */
  readonly table?: ArrayLike<number>;
  /** Which scale an element has; null where there are none. */
  readonly placeOf: ((element: number) => number) | null;
}

/** The values that a constant's codes stand for, in float32: (code - zero point) * scale. */
export function valuesOf({ codes, table, scales, zeroPoints, placeOf }: ReadConstant): Float32Array {
  const values = new Float32Array(codes.length);
  for (let i = 0; i < values.length; i++) {
    const code = codes[i] as number;
    const number = table ? (table[code] as number) : code;
    if (placeOf === null) {
      values[i] = number;
      continue;
    }
    const place = placeOf(i);
    values[i] = Math.fround(number - (zeroPoints?.[place] ?? 0)) * (scales[place] as number);
  }
  return values;
}

/** Which scale an element of a tensor has: one for all, one along an axis, or one a block along an axis, in the order of a blocked DequantizeLinear. */
export function placesOf(
  dims: readonly number[],
  axis: number | null,
  block: StoredConstant["block"],
): (element: number) => number {
  if (block) {
    const inner = elementCount(dims.slice(block.axis + 1));
    const length = dims[block.axis] as number;
    const blocks = Math.ceil(length / block.size);
    return (element) => {
      const outer = Math.floor(element / (inner * length));
      const along = Math.floor(element / inner) % length;
      return (outer * blocks + Math.floor(along / block.size)) * inner + (element % inner);
    };
  }
  if (axis === null) return () => 0;
  const inner = elementCount(dims.slice(axis + 1));
  const length = dims[axis] as number;
  return (element) => Math.floor(element / inner) % length;
}

const NARROW: Readonly<Record<string, readonly [number, number]>> = {
  int4: [-8, 7],
  uint4: [0, 15],
  int2: [-2, 1],
  uint2: [0, 3],
  nf4: [0, 15],
  fp4: [0, 15],
  codebook16: [0, 15],
  codebook256: [0, 255],
};

/** The least and the greatest code of a type; null of floats. */
export function limitsOf(type: string): readonly [number, number] | null {
  const narrow = NARROW[type];
  if (narrow) return narrow;
  const limits = isDataType(type) ? integerLimits(type) : null;
  return limits === null || typeof limits[0] === "bigint" ? null : (limits as readonly [number, number]);
}

/** Bins of a histogram of codes, at most. */
const BINS = 256;

function countsOf({ codes, type }: ReadConstant): CodeCounts | null {
  const limits = limitsOf(type);
  if (limits === null || codes.length === 0 || limits[1] - limits[0] > 65535) return null;
  const [low, high] = limits;
  const each = new Uint32Array(high - low + 1);
  for (let i = 0; i < codes.length; i++) each[(codes[i] as number) - low]!++;
  const width = Math.ceil(each.length / BINS);
  const counts = new Array<number>(Math.ceil(each.length / width)).fill(0);
  let [distinct, least, greatest] = [0, high, low];
  for (const [at, count] of each.entries()) {
    if (count === 0) continue;
    distinct++;
    least = Math.min(least, at + low);
    greatest = Math.max(greatest, at + low);
    counts[Math.floor(at / width)]! += count;
  }
  const atEnds = (each[0]! + each.at(-1)!) / codes.length;
  return { low, high, least, greatest, distinct, atEnds, width, counts };
}

/** What a person is told of a constant. */
export function describeConstant(constant: ReadConstant): StoredConstant {
  const { name, type, dims, axis, block, scales, zeroPoints } = constant;
  return { name, type, dims, axis, block, scales, zeroPoints, codes: countsOf(constant) };
}
