import { type ChannelLayout, forEachRun } from "./channels.ts";

/** A few values that stand for all of a tensor, and which of them each weight is. */
export interface Codebook {
  /** Ascending. */
  readonly table: Float32Array;
  /** What a channel's values are times the table; 0 where a channel is all zero. */
  readonly scales: Float32Array;
  readonly codes: Uint8Array;
  /** Channels that are all zero. */
  readonly dead: readonly number[];
}

/** How many of a tensor's values a table is found on at most; of more it is every second, every third, and so on. */
const MOST_SORTED = 2 ** 22;
/** The density is taken on so many times as many parts as there are entries. */
const PARTS_AN_ENTRY = 16;
const MOST_ITERATIONS = 1000;
/** An entry that moves by less of the distance to its neighbours, in the mean, stands still. */
const STILL = 1e-4;
/** How often scales are fitted to codes, and the table to what scales leave. */
const FITS = 3;

/**
 * A table of least squared error for weights, and the entry next to each (k-means in one dimension: Lloyd, *Least Squares
 * Quantization in PCM*, 1982; for weights: Han and others, *Deep Compression*, 2016). Values of several channels are divided by
 * their root mean square first, and the scales then fitted to the codes by least squares. It begins with the density that is best for many entries, the
 * cube root of the values' own (Panter and Dite, 1951), so that the same weights give the same table. `entries` is 16 or 256. Throws RangeError when a weight is
 * not finite.
 */
export function codebookOf(weights: Float32Array, layout: ChannelLayout, entries: number): Codebook {
  const codes = new Uint8Array(weights.length);
  if (layout.channels === 1) {
    const table = tableOf(weights, entries);
    nearestEntries(weights, layout, Float32Array.of(1), table, codes);
    return { table, scales: Float32Array.of(1), codes, dead: [] };
  }
  let scales = rootMeanSquares(weights, layout);
  const dead = [...scales].flatMap((scale, channel) => (scale > 0 ? [] : [channel]));
  let table = new Float32Array(entries);
  for (let fit = 0; ; fit++) {
    table = tableOf(divided(weights, layout, scales), entries, fit === 0 ? null : table);
    nearestEntries(weights, layout, scales, table, codes);
    if (fit === FITS) return { table, scales, codes, dead };
    scales = fittedScales(weights, layout, codes, table, scales);
  }
}

/** w = scale * table[code] in float32. */
export function fromCodebook(
  codes: Uint8Array,
  layout: ChannelLayout,
  { table, scales }: Pick<Codebook, "table" | "scales">,
): Float32Array {
  const weights = new Float32Array(codes.length);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    for (let i = start; i < end; i++) weights[i] = (table[codes[i] as number] as number) * scale;
  });
  return weights;
}

function rootMeanSquares(weights: Float32Array, layout: ChannelLayout): Float32Array {
  const squares = new Float64Array(layout.channels);
  forEachRun(layout, (channel, start, end) => {
    let sum = 0;
    for (let i = start; i < end; i++) sum += (weights[i] as number) ** 2;
    squares[channel] = (squares[channel] as number) + sum;
  });
  return Float32Array.from(squares, (sum) => Math.sqrt(sum / (layout.outer * layout.inner)));
}

/** Every value over its channel's scale; those of channels without one are left out. */
function divided(weights: Float32Array, layout: ChannelLayout, scales: Float32Array): Float32Array {
  const values = new Float32Array(weights.length);
  let count = 0;
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    if (!(scale > 0)) return;
    for (let i = start; i < end; i++) values[count++] = (weights[i] as number) / scale;
  });
  return values.subarray(0, count);
}

/** For each channel the scale of least squares under its codes; the one it had where that is none. */
function fittedScales(
  weights: Float32Array,
  layout: ChannelLayout,
  codes: Uint8Array,
  table: Float32Array,
  scales: Float32Array,
): Float32Array {
  const products = new Float64Array(scales.length);
  const squares = new Float64Array(scales.length);
  forEachRun(layout, (channel, start, end) => {
    for (let i = start; i < end; i++) {
      const entry = table[codes[i] as number] as number;
      products[channel] = (products[channel] as number) + entry * (weights[i] as number);
      squares[channel] = (squares[channel] as number) + entry * entry;
    }
  });
  return scales.map((scale, channel) => {
    const fitted = Math.fround((products[channel] as number) / (squares[channel] as number));
    return scale > 0 && fitted > 0 && fitted < Infinity ? fitted : scale;
  });
}

function nearestEntries(
  weights: Float32Array,
  layout: ChannelLayout,
  scales: Float32Array,
  table: Float32Array,
  codes: Uint8Array,
): void {
  const bounds = boundsOf(table);
  forEachRun(layout, (channel, start, end) => {
    const scale = scales[channel] as number;
    if (!(scale > 0)) return;
    for (let i = start; i < end; i++) codes[i] = placeOf(bounds, (weights[i] as number) / scale);
  });
}

/** The entries of least squared error of some values, found from those of values that were nearly the same, where there are any. */
function tableOf(values: Float32Array, entries: number, before: Float32Array | null = null): Float32Array<ArrayBuffer> {
  const step = Math.ceil(values.length / MOST_SORTED);
  const sorted = Float32Array.from(
    { length: Math.floor(values.length / step) },
    (_, at) => values[at * step] as number,
  );
  sorted.sort();
  const count = sorted.length;
  if (count === 0) return new Float32Array(entries);
  if (!(Math.abs(sorted[0] as number) < Infinity && Math.abs(sorted[count - 1] as number) < Infinity)) {
    throw new RangeError("A weight is not finite.");
  }
  const distinct = sorted.filter((value, at) => at === 0 || value !== sorted[at - 1]);
  if (distinct.length <= entries) {
    return Float32Array.from({ length: entries }, (_, at) => distinct[Math.min(at, distinct.length - 1)] as number);
  }
  const sums = new Float64Array(count + 1);
  for (let at = 0; at < count; at++) sums[at + 1] = (sums[at] as number) + (sorted[at] as number);
  const table = before ? Float64Array.from(before) : firstTable(sorted, entries);
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) if (!improve(table, sorted, sums)) break;
  return Float32Array.from(table);
}

/** Entries as dense as the cube root of the values' density. */
function firstTable(sorted: Float32Array, entries: number): Float64Array {
  const parts = Math.min(PARTS_AN_ENTRY * entries, sorted.length - 1);
  const edge = (part: number) => sorted[Math.floor((part * (sorted.length - 1)) / parts)] as number;
  const reached = new Float64Array(parts + 1);
  for (let part = 0; part < parts; part++) {
    reached[part + 1] = (reached[part] as number) + (edge(part + 1) - edge(part)) ** (2 / 3);
  }
  const all = reached[parts] as number;
  const table = new Float64Array(entries);
  for (let entry = 0, part = 0; entry < entries; entry++) {
    const wanted = ((entry + 0.5) / entries) * all;
    while (part < parts - 1 && (reached[part + 1] as number) < wanted) part++;
    const [before, after] = [reached[part] as number, reached[part + 1] as number];
    const share = after > before ? (wanted - before) / (after - before) : 0;
    table[entry] = edge(part) + share * (edge(part + 1) - edge(part));
  }
  return table;
}

/** Moves each entry to the mean of the values next to it; whether they moved by anything that counts. One that has none stays. */
function improve(table: Float64Array, sorted: Float32Array, sums: Float64Array): boolean {
  const bounds = boundsOf(table);
  const step = ((table[table.length - 1] as number) - (table[0] as number)) / table.length;
  let moved = 0;
  let start = 0;
  for (let entry = 0; entry < table.length; entry++) {
    const end = entry < bounds.length ? countUpTo(sorted, bounds[entry] as number) : sorted.length;
    if (end > start) {
      const mean = ((sums[end] as number) - (sums[start] as number)) / (end - start);
      moved += Math.abs(mean - (table[entry] as number));
      table[entry] = mean;
      start = end;
    }
  }
  return moved > STILL * step * table.length;
}

/** The middles between neighbours. */
export function boundsOf(table: Float32Array | Float64Array): Float64Array {
  return Float64Array.from(
    { length: table.length - 1 },
    (_, at) => ((table[at] as number) + (table[at + 1] as number)) / 2,
  );
}

/** The place of the entry next to a value, of two as near the lower. */
export function placeOf(bounds: Float64Array, value: number): number {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of ascending values are not above a bound. */
function countUpTo(sorted: Float32Array, bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
