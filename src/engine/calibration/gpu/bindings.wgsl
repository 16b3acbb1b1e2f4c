// The words of a half's header (table.ts).
const LARGEST = 0u;
const SEEN = 1u;
const BEFORE = 2u;
const ZEROS = 3u;
const NAN = 4u;
const INFINITIES = 5u;

const HAS_POSITIVE_INFINITY = 1u;
const HAS_NEGATIVE_INFINITY = 2u;

const SIGN = 0x80000000u;
const MAGNITUDE = 0x7fffffffu;
const INFINITY = 0x7f800000u;
const MANTISSA = 0x7fffffu;

const LANES = 64u;

// One piece of a tensor: `length` values of each of several samples, one after the other.
struct Piece {
  start: u32,
  length: u32,
  samples: u32,
  // Words before its table, and before its extent of the first sample; from one sample's to the next one's.
  table: u32,
  extent: u32,
  nextExtent: u32,
  // Keys of the bounds that values are clamped to.
  least: u32,
  greatest: u32,
}

// Values are read as bits and never as f32: a shader may assume that there is no NaN, and may flush subnormals.
@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<uniform> piece: Piece;
@group(0) @binding(2) var<storage, read_write> tables: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> extents: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read> places: array<u32>;

// Keys order as floats do, infinities included. Those of finite values are neither 0 nor all ones.
fn keyOf(word: u32) -> u32 {
  return select(word | SIGN, ~word, word > MAGNITUDE);
}

// The bits of a value clamped; NaN as it is.
fn clamped(word: u32) -> u32 {
  let key = clamp(keyOf(word), piece.least, piece.greatest);
  return select(select(~key, key ^ SIGN, key > MAGNITUDE), word, (word & MAGNITUDE) > INFINITY);
}

// 0 for a zero, else 1 + the biased exponent.
fn octaveOf(magnitude: u32) -> u32 {
  return select((magnitude >> 23u) + 1u, 0u, magnitude == 0u);
}

fn halfOf(word: u32) -> u32 {
  return piece.table + select(0u, HALF_WORDS, word > MAGNITUDE);
}

// The cell of a value whose octave lies `distance` octaves below the largest of its sign.
fn cellOf(word: u32, distance: u32) -> u32 {
  let place = places[distance];
  return halfOf(word) + (place >> 5u) + ((word & MANTISSA) >> (place & 31u));
}
