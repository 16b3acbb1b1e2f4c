// Written in AssemblyScript; `npm run kernel` compiles it into ../weightsBinary.ts. numerics/kernel/weightKernel.ts says what lies where.

/** What was found, and the state of a search: two blocks side by side, one a lane. */
const LEAST: usize = 0;
const SCALE: usize = 16;
const ZERO: usize = 32;
const FITTING: usize = 48;
const FOUND: usize = 64;

/** 1.5 * 2^52: adding it leaves no bits for a fraction. */
const SHIFT: f64 = 6755399441055744.0;
const SCALE_FLOOR: f64 = 1.0842021724855044e-19;
const INFINITY_BITS: u32 = 0x7f800000;
const MAGNITUDE: u32 = 0x7fffffff;

/** Values of two blocks as float64, those of one place side by side. */
let pairs: usize = 0;
/** How much each place counts; 0 where all count the same. */
let importance: usize = 0;
let places: i32 = 0;
let lowest: f64 = 0;
let highest: f64 = 0;
/** Whether an error counts as its square, not as its power of 2.5. */
let isSquare: bool = false;

@inline
function rounded(values: v128): v128 {
  const shift = f64x2.splat(SHIFT);
  return f64x2.sub(f64x2.add(values, shift), shift);
}

@inline
function fround(values: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(values));
}

@inline
function choose(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/** What a distance's square is multiplied by. */
@inline
function rest(distance: v128): v128 {
  return isSquare ? f64x2.splat(1) : f64x2.sqrt(distance);
}

/** Tries a scale for the lanes of a mask: keeps it where its error is less, and finds the scale of least squares for its codes. */
function consider(scale: v128, zero: v128, mask: v128): void {
  const tried = v128.and(mask, f64x2.ge(scale, f64x2.splat(SCALE_FLOOR)));
  const none = f64x2.splat(0);
  if (!v128.any_true(tried)) {
    v128.store(FITTING, none);
    return;
  }
  const steps = f64x2.div(f64x2.splat(1), scale);
  const low = f64x2.sub(f64x2.splat(lowest), zero);
  const high = f64x2.sub(f64x2.splat(highest), zero);
  let error = none;
  let products = none;
  let squares = none;
  const end = pairs + (<usize>places << 4);
  if (importance == 0) {
    for (let p = pairs; p < end; p += 16) {
      const value = v128.load(p);
      const code = rounded(f64x2.pmin(high, f64x2.pmax(low, f64x2.mul(value, steps))));
      const distance = f64x2.abs(f64x2.sub(value, f64x2.mul(scale, code)));
      error = f64x2.add(error, f64x2.mul(f64x2.mul(distance, distance), rest(distance)));
      products = f64x2.add(products, f64x2.mul(code, value));
      squares = f64x2.add(squares, f64x2.mul(code, code));
    }
  } else {
    let w = importance;
    for (let p = pairs; p < end; p += 16, w += 8) {
      const value = v128.load(p);
      const weight = v128.load64_splat(w);
      const code = rounded(f64x2.pmin(high, f64x2.pmax(low, f64x2.mul(value, steps))));
      const distance = f64x2.abs(f64x2.sub(value, f64x2.mul(scale, code)));
      const weighted = f64x2.mul(weight, code);
      error = f64x2.add(
        error,
        f64x2.mul(f64x2.mul(f64x2.mul(weight, distance), distance), rest(distance)),
      );
      products = f64x2.add(products, f64x2.mul(weighted, value));
      squares = f64x2.add(squares, f64x2.mul(weighted, code));
    }
  }
  const least = v128.load(LEAST);
  const better = v128.and(tried, f64x2.lt(error, least));
  v128.store(LEAST, choose(better, error, least));
  v128.store(SCALE, choose(better, scale, v128.load(SCALE)));
  v128.store(ZERO, choose(better, zero, v128.load(ZERO)));
  v128.store(FITTING, choose(v128.and(tried, f64x2.gt(squares, none)), f64x2.div(products, squares), none));
}

/** Tries a scale, and the one that fits the codes it gives best. */
function refine(scale: v128, zero: v128, mask: v128): void {
  consider(fround(scale), zero, mask);
  const fitting = v128.load(FITTING);
  const again = v128.and(mask, f64x2.gt(fitting, f64x2.splat(0)));
  if (v128.any_true(again)) consider(fround(fitting), zero, again);
}

@inline
function clamped(values: v128): v128 {
  return f64x2.pmin(f64x2.splat(highest), f64x2.pmax(f64x2.splat(lowest), values));
}

/**
 * Scales and zero points of blocks: of `count` values each, `along` values apart, the blocks `between` apart. Where there are
 * shares, of least error: what of numerics/testing/blockSearch.ts is done for one block is done for two at once. Scales are
 * float32 and below the floor where a block is none; NaN or infinite where a value is. Zero points are bytes, if there are any.
 */
export function fit(
  values: usize,
  blocks: i32,
  count: i32,
  along: i32,
  between: i32,
  scratch: usize,
  weights: usize,
  scales: usize,
  zeros: usize,
  least: f64,
  most: f64,
  shares: usize,
  shareCount: i32,
  square: bool,
): void {
  pairs = scratch;
  importance = weights;
  places = count;
  lowest = least;
  highest = most;
  isSquare = square;
  const isAsymmetric = zeros != 0;
  const stride = <usize>along << 2;
  const none = f64x2.splat(0);
  const low4 = f64x2.splat(least);
  const high4 = f64x2.splat(most);
  for (let block = 0; block < blocks; block += 2) {
    const isPair = block + 1 < blocks;
    const first = values + ((<usize>block * <usize>between) << 2);
    const second = isPair ? first + (<usize>between << 2) : first;
    let lows = none;
    let highs = none;
    let nans = none;
    let from: usize = 0;
    for (let p = scratch, end = scratch + (<usize>count << 4); p < end; p += 16, from += stride) {
      const value = f64x2.replace_lane(f64x2.splat(load<f32>(first + from)), 1, load<f32>(second + from));
      v128.store(p, value);
      lows = f64x2.pmin(lows, value);
      highs = f64x2.pmax(highs, value);
      nans = v128.or(nans, f64x2.ne(value, value));
    }
    let scale: v128;
    let zero = none;
    if (isAsymmetric) {
      scale = fround(f64x2.div(f64x2.sub(highs, lows), f64x2.splat(most - least)));
      const exact = clamped(rounded(f64x2.sub(low4, f64x2.div(lows, scale))));
      zero = choose(f64x2.gt(scale, none), exact, low4);
    } else {
      scale = fround(f64x2.div(f64x2.pmax(highs, f64x2.neg(lows)), high4));
    }
    scale = v128.or(scale, nans);
    const alive = v128.and(f64x2.ge(scale, f64x2.splat(SCALE_FLOOR)), f64x2.lt(scale, f64x2.splat(Infinity)));
    if (shareCount > 0 && v128.any_true(alive)) {
      v128.store(LEAST, f64x2.splat(Infinity));
      v128.store(SCALE, scale);
      v128.store(ZERO, zero);
      refine(scale, zero, alive);
      const whole = isAsymmetric ? scale : f64x2.pmax(f64x2.div(highs, high4), f64x2.div(lows, low4));
      for (let at = 0; at < shareCount; at++) {
        const tried = f64x2.mul(whole, f64x2.splat(load<f64>(shares + (<usize>at << 3))));
        if (!isAsymmetric) {
          refine(tried, none, alive);
          continue;
        }
        const centre = f64x2.div(f64x2.div(f64x2.add(lows, highs), f64x2.splat(2)), tried);
        const middle = clamped(f64x2.sub(f64x2.splat((least + most) / 2), centre));
        const below = f64x2.floor(middle);
        refine(tried, below, alive);
        const between = v128.and(alive, f64x2.gt(middle, below));
        if (v128.any_true(between)) refine(tried, f64x2.ceil(middle), between);
      }
      if (isAsymmetric) {
        const best = v128.load(SCALE);
        const at = v128.load(ZERO);
        refine(best, f64x2.sub(at, f64x2.splat(1)), v128.and(alive, f64x2.gt(at, low4)));
        refine(best, f64x2.add(at, f64x2.splat(1)), v128.and(alive, f64x2.lt(at, high4)));
      }
      const best = v128.load(SCALE);
      const at = v128.load(ZERO);
      refine(f64x2.mul(best, f64x2.splat(0.97)), at, alive);
      refine(f64x2.mul(best, f64x2.splat(1.03)), at, alive);
      scale = choose(alive, v128.load(SCALE), scale);
      zero = choose(alive, v128.load(ZERO), zero);
    }
    const narrow = f32x4.demote_f64x2_zero(scale);
    const to = scales + (<usize>block << 2);
    store<f32>(to, f32x4.extract_lane(narrow, 0));
    if (isPair) store<f32>(to, f32x4.extract_lane(narrow, 1), 4);
    if (!isAsymmetric) continue;
    store<u8>(zeros + block, <u8>(<i32>f64x2.extract_lane(zero, 0)));
    if (isPair) store<u8>(zeros + block, <u8>(<i32>f64x2.extract_lane(zero, 1)), 1);
  }
}

@inline
function codesOf(values: v128, scales: v128, zeros: v128, low: v128, high: v128): v128 {
  const steps = f32x4.div(values, scales);
  const bounded = f32x4.pmin(f32x4.sub(high, zeros), f32x4.pmax(f32x4.sub(low, zeros), steps));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.nearest(bounded), zeros));
}

/** Codes of four values, a byte each. */
@inline
function storeCodes(to: usize, codes: v128): void {
  const bytes = i8x16.shuffle(codes, codes, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  store<i32>(to, i32x4.extract_lane(bytes, 0));
}

/** Codes of n values, a multiple of four with room for that many, each with a scale and a zero point (float32) of its own. */
export function quantizeEach(values: usize, scales: usize, zeros: usize, codes: usize, n: i32, low: f32, high: f32): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    const made = codesOf(v128.load(values + at), v128.load(scales + at), v128.load(zeros + at), lows, highs);
    storeCodes(codes + (at >> 2), made);
  }
}

/** Codes of runs of n values that share a scale and a zero point (float32), with room for up to three more. */
export function quantizeRuns(
  values: usize,
  scales: usize,
  zeros: usize,
  codes: usize,
  runs: i32,
  n: i32,
  low: f32,
  high: f32,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let run = 0; run < runs; run++) {
    const scale = v128.load32_splat(scales + (<usize>run << 2));
    const zero = v128.load32_splat(zeros + (<usize>run << 2));
    for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
      storeCodes(codes + (at >> 2), codesOf(v128.load(values + at), scale, zero, lows, highs));
    }
    values += <usize>n << 2;
    codes += <usize>n;
  }
}

/**
 * Rounds n values, so many bytes apart, to codes of one scale and zero point, also so many bytes apart, writes w / scale - (q - zero point)
 * as float64, and gives the sum of these in their order.
 */
export function roundRow(
  values: usize,
  apart: usize,
  codes: usize,
  codesApart: usize,
  errors: usize,
  n: i32,
  scale: f64,
  zero: f64,
  low: f64,
  high: f64,
): f64 {
  const lows = f64x2.splat(low - zero);
  const highs = f64x2.splat(high - zero);
  const scales = f64x2.splat(scale);
  let sum: f64 = 0;
  for (let k = 0; k < n; k += 2, values += apart << 1, codes += codesApart << 1) {
    const isPair = k + 1 < n;
    const first = f64x2.splat(load<f32>(values));
    const exact = f64x2.div(f64x2.replace_lane(first, 1, load<f32>(values + (isPair ? apart : 0))), scales);
    const code = rounded(f64x2.pmin(highs, f64x2.pmax(lows, fround(exact))));
    const error = f64x2.sub(exact, code);
    v128.store(errors + (<usize>k << 3), error);
    const whole = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(code, f64x2.splat(zero)));
    store<u8>(codes, <u8>i32x4.extract_lane(whole, 0));
    sum += f64x2.extract_lane(error, 0);
    if (!isPair) break;
    store<u8>(codes + codesApart, <u8>i32x4.extract_lane(whole, 1));
    sum += f64x2.extract_lane(error, 1);
  }
  return sum;
}

/** Writes the places of errors of the sign `step` whose magnitudes are above one bound and up to another, and gives how many. */
export function between(errors: usize, n: i32, step: f64, above: f64, upTo: f64, places: usize): i32 {
  let found = 0;
  const steps = f64x2.splat(step);
  for (let k = 0; k < n; k += 2) {
    const pair = f64x2.mul(v128.load(errors + (<usize>k << 3)), steps);
    const within = v128.and(f64x2.gt(pair, f64x2.splat(above)), f64x2.le(pair, f64x2.splat(upTo)));
    if (!v128.any_true(within)) continue;
    if (i64x2.extract_lane(within, 0) != 0) store<i32>(places + ((<usize>(found++)) << 2), k);
    if (k + 1 < n && i64x2.extract_lane(within, 1) != 0) store<i32>(places + ((<usize>(found++)) << 2), k + 1);
  }
  return found;
}

/** The largest bits without the sign of n words: as a float the largest magnitude, or NaN. */
export function magnitude(values: usize, n: i32): u32 {
  const mask = i32x4.splat(MAGNITUDE);
  const vectors = values + ((<usize>n >> 2) << 4);
  const end = values + (<usize>n << 2);
  let largest = i32x4.splat(0);
  let p = values;
  for (; p < vectors; p += 16) largest = i32x4.max_s(largest, v128.and(v128.load(p), mask));
  let most = max(
    max(i32x4.extract_lane(largest, 0), i32x4.extract_lane(largest, 1)),
    max(i32x4.extract_lane(largest, 2), i32x4.extract_lane(largest, 3)),
  );
  for (; p < end; p += 4) most = max(most, <i32>(load<u32>(p) & MAGNITUDE));
  return <u32>most;
}

/** The largest magnitudes of n columns so far, as `magnitude` has them, with those of a further row. */
export function magnitudes(values: usize, largest: usize, n: i32): void {
  const mask = i32x4.splat(MAGNITUDE);
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    v128.store(largest + at, i32x4.max_s(v128.load(largest + at), v128.and(v128.load(values + at), mask)));
  }
}

/** Bits of the float16 nearest each of four float32, half to even, in the low halves of the lanes. */
@inline
function halved(values: v128): v128 {
  const sign = v128.and(i32x4.shr_u(values, 16), i32x4.splat(0x8000));
  const size = v128.and(values, i32x4.splat(MAGNITUDE));
  const rebased = i32x4.sub(size, i32x4.splat(0x38000000));
  const odd = v128.and(i32x4.shr_u(rebased, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(rebased, i32x4.splat(0xfff)), odd), 13);
  const small = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(size, f32x4.splat(16777216))));
  let bits = choose(i32x4.lt_s(size, i32x4.splat(0x38800000)), small, normal);
  bits = choose(i32x4.ge_s(size, i32x4.splat(0x47800000)), i32x4.splat(0x7c00), bits);
  bits = choose(i32x4.gt_s(size, i32x4.splat(<i32>INFINITY_BITS)), i32x4.splat(0x7e00), bits);
  return v128.or(sign, bits);
}

/** The bits of float16 nearest n values, with room for up to three more. */
export function halve(values: usize, bits: usize, n: i32): void {
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    const made = halved(v128.load(values + at));
    v128.store64_lane(bits + (at >> 1), i16x8.narrow_i32x4_u(made, made), 0);
  }
}

/** Of n values, a multiple of four: how many are not 0, how many of those vanish in float16 or become infinite, the largest finite magnitude. */
export function losses(values: usize, n: i32): void {
  const none = i32x4.splat(0);
  let counted = none;
  let vanished = none;
  let infinite = none;
  let largest = none;
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    const value = v128.load(values + at);
    const size = v128.and(value, i32x4.splat(MAGNITUDE));
    const isFinite = i32x4.lt_s(size, i32x4.splat(<i32>INFINITY_BITS));
    const isCounted = i32x4.ne(size, none);
    const bits = v128.and(halved(value), i32x4.splat(0x7fff));
    counted = i32x4.sub(counted, isCounted);
    vanished = i32x4.sub(vanished, v128.and(isCounted, i32x4.eq(bits, none)));
    infinite = i32x4.sub(infinite, v128.and(isFinite, i32x4.eq(bits, i32x4.splat(0x7c00))));
    largest = i32x4.max_s(largest, v128.and(isFinite, size));
  }
  store<i32>(FOUND, total(counted));
  store<i32>(FOUND, total(vanished), 4);
  store<i32>(FOUND, total(infinite), 8);
  const most = max(
    max(i32x4.extract_lane(largest, 0), i32x4.extract_lane(largest, 1)),
    max(i32x4.extract_lane(largest, 2), i32x4.extract_lane(largest, 3)),
  );
  store<i32>(FOUND, most, 12);
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

/** The float32 that four codes stand for. */
@inline
function valuesOf(codes: usize, isSigned: bool, scales: v128, zeros: v128): v128 {
  const bytes = v128.load32_zero(codes);
  const halves = isSigned ? i16x8.extend_low_i8x16_s(bytes) : i16x8.extend_low_i8x16_u(bytes);
  const words = i32x4.extend_low_i16x8_s(halves);
  return f32x4.mul(f32x4.sub(f32x4.convert_i32x4_s(words), zeros), scales);
}

/** (q - zero point) * scale of n codes, a multiple of four with room for that many, each with a scale and a zero point (float32) of its own. */
export function dequantizeEach(codes: usize, scales: usize, zeros: usize, values: usize, n: i32, isSigned: bool): void {
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    v128.store(values + at, valuesOf(codes + (at >> 2), isSigned, v128.load(scales + at), v128.load(zeros + at)));
  }
}

/** The same of n codes with one scale and zero point, with room for up to three more. */
export function dequantizeRun(codes: usize, values: usize, n: i32, isSigned: bool, scale: f32, zero: f32): void {
  const scales = f32x4.splat(scale);
  const zeros = f32x4.splat(zero);
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    v128.store(values + at, valuesOf(codes + (at >> 2), isSigned, scales, zeros));
  }
}

/** Least and largest of n weights so far, and sums of squares of them and of their errors (float64), with those of a further row; room for one more. */
export function compareEach(
  weights: usize,
  values: usize,
  n: i32,
  lows: usize,
  highs: usize,
  energies: usize,
  errors: usize,
): void {
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 8) {
    const weight = f64x2.promote_low_f32x4(v128.load64_zero(weights + at));
    const error = f64x2.sub(weight, f64x2.promote_low_f32x4(v128.load64_zero(values + at)));
    const to = at << 1;
    v128.store(lows + to, f64x2.pmin(v128.load(lows + to), weight));
    v128.store(highs + to, f64x2.pmax(v128.load(highs + to), weight));
    v128.store(energies + to, f64x2.add(v128.load(energies + to), f64x2.mul(weight, weight)));
    v128.store(errors + to, f64x2.add(v128.load(errors + to), f64x2.mul(error, error)));
  }
}

/** The same of n weights that count to one place. */
export function compareRun(
  weights: usize,
  values: usize,
  n: i32,
  lows: usize,
  highs: usize,
  energies: usize,
  errors: usize,
): void {
  let low = load<f64>(lows);
  let high = load<f64>(highs);
  let energy = load<f64>(energies);
  let squares = load<f64>(errors);
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 4) {
    const weight = <f64>load<f32>(weights + at);
    const error = weight - <f64>load<f32>(values + at);
    if (weight < low) low = weight;
    if (weight > high) high = weight;
    energy += weight * weight;
    squares += error * error;
  }
  store<f64>(lows, low);
  store<f64>(highs, high);
  store<f64>(energies, energy);
  store<f64>(errors, squares);
}
