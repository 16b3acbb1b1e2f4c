// Written in AssemblyScript; `npm run kernel` compiles it into ../binary.ts. numerics/kernel/kernel.ts says what lies where.

/** The words to look at, and what was found in them. */
const FOUND: usize = 0;
const WORDS: usize = 64;

/** Bytes of the page table of one lane, and of the tables before the cells. */
const LANE: usize = 2048;
const CELLS: usize = 4096;

const INFINITY_BITS: u32 = 0x7f800000;
const MAGNITUDE: u32 = 0x7fffffff;

/**
 * Extremes of n words as floats, NaN left out; zeros of each sign; whether a NaN is among them.
 * A lane of pmin(a, x) is a where x is NaN.
 */
export function survey(n: i32): void {
  let p = WORDS;
  const vectors = p + ((<usize>n >> 2) << 4);
  const end = p + (<usize>n << 2);
  const sign = i32x4.splat(0x80000000);
  const none = i32x4.splat(0);
  let lows = f32x4.splat(Infinity);
  let highs = f32x4.splat(-Infinity);
  let zeros = none;
  let negativeZeros = none;
  let nans = none;
  for (; p < vectors; p += 16) {
    const x = v128.load(p);
    lows = f32x4.pmin(lows, x);
    highs = f32x4.pmax(highs, x);
    zeros = i32x4.sub(zeros, i32x4.eq(x, none));
    negativeZeros = i32x4.sub(negativeZeros, i32x4.eq(x, sign));
    nans = v128.or(nans, f32x4.ne(x, x));
  }
  if (p < end) {
    const rest = load<f32>(p);
    let x = f32x4.splat(rest);
    if (p + 4 < end) x = f32x4.replace_lane(x, 1, load<f32>(p, 4));
    if (p + 8 < end) x = f32x4.replace_lane(x, 2, load<f32>(p, 8));
    lows = f32x4.pmin(lows, x);
    highs = f32x4.pmax(highs, x);
    nans = v128.or(nans, f32x4.ne(x, x));
  }
  let low = f32x4.extract_lane(lows, 0);
  let high = f32x4.extract_lane(highs, 0);
  low = min(min(low, f32x4.extract_lane(lows, 1)), min(f32x4.extract_lane(lows, 2), f32x4.extract_lane(lows, 3)));
  high = max(max(high, f32x4.extract_lane(highs, 1)), max(f32x4.extract_lane(highs, 2), f32x4.extract_lane(highs, 3)));
  let positive = total(zeros);
  let negative = total(negativeZeros);
  for (; p < end; p += 4) {
    const word = load<u32>(p);
    positive += i32(word == 0);
    negative += i32(word == 0x80000000);
  }
  store<f32>(FOUND, low);
  store<f32>(FOUND, high, 4);
  store<i32>(FOUND, positive, 8);
  store<i32>(FOUND, negative, 12);
  store<i32>(FOUND, i32(v128.any_true(nans)), 16);
}

@inline
function total(lanes: v128): i32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}

/** Finite extremes of n words, and how many are NaN, +Infinity and -Infinity. */
export function sift(n: i32): void {
  const end = WORDS + (<usize>n << 2);
  let low: f32 = Infinity;
  let high: f32 = -Infinity;
  let nan = 0;
  let positive = 0;
  let negative = 0;
  for (let p = WORDS; p < end; p += 4) {
    const word = load<u32>(p);
    const magnitude = word & MAGNITUDE;
    if (magnitude < INFINITY_BITS) {
      const x = load<f32>(p);
      if (x < low) low = x;
      if (x > high) high = x;
    } else if (magnitude > INFINITY_BITS) nan++;
    else if (word == INFINITY_BITS) positive++;
    else negative++;
  }
  store<f32>(FOUND, low);
  store<f32>(FOUND, high, 4);
  store<i32>(FOUND, nan, 8);
  store<i32>(FOUND, positive, 12);
  store<i32>(FOUND, negative, 16);
}

/**
 * Counts n words. A word's page is its top nine bits; the page's entry is 32 * base + shift, and the word's cell
 * base + (word >> shift). Words take turns on two page tables, whose zeros count in cells apart: the next zero need not
 * wait for the last to be stored.
 */
export function count(table: usize, n: i32): void {
  let p = WORDS;
  const pairs = p + ((<usize>n >> 1) << 3);
  const end = p + (<usize>n << 2);
  for (; p < pairs; p += 8) {
    add(table, 0, load<u32>(p));
    add(table, LANE, load<u32>(p, 4));
  }
  if (p < end) add(table, 0, load<u32>(p));
}

@inline
function add(table: usize, lane: usize, word: u32): void {
  const entry = load<i32>(table + lane + ((<usize>(word >> 23)) << 2));
  const cell = table + (<usize>((entry >> 5) + <i32>(word >> entry)) << 2);
  store<u32>(cell, load<u32>(cell, CELLS) + 1, CELLS);
}
