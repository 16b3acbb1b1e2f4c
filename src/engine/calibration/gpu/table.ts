import type { Octave } from "../../model/statistics.ts";
import { type Extent, NOTHING, widen } from "../../numerics/extent.ts";
import type { Sightings } from "../../numerics/observer.ts";
import { bitsAt, EXPONENTS } from "../../numerics/resolution.ts";

/**
 * What the GPU counts values in, as 32-bit words: a half for each sign, positive first. A half is a header, then for each
 * distance from the largest octave seen of its sign 2^bitsAt(distance) cells. So it is fine enough for the statistics of
 * all values, and for those of the positive ones alone, which a Relu passes on.
 */
export const HEADER = { largest: 0, seen: 1, before: 2, zeros: 3, nan: 4, infinity: 5 };
const HEADER_WORDS = 64;

/** Tables begin at multiples of so many words. */
const ALIGNMENT = 64;

/** By distance: the first cell, as words from the half's start. */
const starts: number[] = [];
let end = HEADER_WORDS;
for (let distance = 0; distance < EXPONENTS; distance++) {
  starts.push(end);
  end += 2 ** bitsAt(distance);
}

export const HALF_WORDS = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
export const TABLE_WORDS = 2 * HALF_WORDS;

/** By distance: the first cell * 32 + the mantissa bits to drop. What the shaders know of the layout. */
export const PLACES = Uint32Array.from(starts, (start, distance) => (start << 5) | (23 - bitsAt(distance)));

/** Words of one sample's extent: the complement of the least key and the greatest key, 0 where no value was finite; flags. */
export const EXTENT_WORDS = 3;
const HAS_POSITIVE_INFINITY = 1;
const HAS_NEGATIVE_INFINITY = 2;

const MAGNITUDE = 0x7fffffff;
const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The key of a float32: its bits as an unsigned integer that orders as floats do. */
export function keyOf(value: number): number {
  float[0] = value;
  const bits = word[0] as number;
  return (bits > MAGNITUDE ? ~bits : bits | ~MAGNITUDE) >>> 0;
}

/** The float32 of a key; zeros come out as +0. */
function floatOf(key: number): number {
  word[0] = key >>> 0 > MAGNITUDE ? key & MAGNITUDE : ~key;
  return (float[0] as number) + 0;
}

/** What one table and the extents of its samples hold. A sample may occur several times. */
export function readTable(table: Uint32Array, samples: readonly number[], extents: Uint32Array): Sightings {
  const positive = table.subarray(0, HALF_WORDS);
  const negative = table.subarray(HALF_WORDS);
  const found = new Map<number, Extent>();
  samples.forEach((sample, i) => {
    found.set(sample, widen(found.get(sample) ?? NOTHING, extentOf(extents.subarray(i * EXTENT_WORDS))));
  });
  const octaves = [...octavesOf(negative, true), ...octavesOf(positive, false)];
  const zeros = positive[HEADER.zeros] as number;
  return {
    counts: {
      finite: octaves.reduce((sum, { counts }) => sum + totalOf(counts), zeros),
      zeros,
      nan: positive[HEADER.nan] as number,
      positiveInfinity: positive[HEADER.infinity] as number,
      negativeInfinity: negative[HEADER.infinity] as number,
      octaves,
    },
    samples: found,
  };
}

function extentOf(words: Uint32Array): Extent {
  const [low = 0, high = 0, flags = 0] = words;
  return {
    low: high === 0 ? Infinity : floatOf(~low),
    high: high === 0 ? -Infinity : floatOf(high),
    negativeInfinity: (flags & HAS_NEGATIVE_INFINITY) !== 0,
    positiveInfinity: (flags & HAS_POSITIVE_INFINITY) !== 0,
  };
}

/** The octaves of one sign that hold anything, by rising exponent. */
function octavesOf(half: Uint32Array, negative: boolean): Octave[] {
  const octaves: Octave[] = [];
  const largest = (half[HEADER.largest] as number) - 1;
  for (let exponent = 0; exponent <= largest; exponent++) {
    const bits = bitsAt(largest - exponent);
    const start = starts[largest - exponent] as number;
    const cells = half.subarray(start, start + 2 ** bits);
    if (totalOf(cells) === 0) continue;
    octaves.push({ negative, exponent, bits, counts: new Float64Array(cells) });
  }
  return octaves;
}

function totalOf(cells: Uint32Array | Float64Array): number {
  let total = 0;
  for (let k = 0; k < cells.length; k++) total += cells[k] as number;
  return total;
}
