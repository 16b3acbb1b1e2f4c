import type { Octave, TensorStatistics } from "../model/statistics.ts";
import { bitsAt, EXPONENTS } from "../numerics/resolution.ts";
import type { Field } from "./field.ts";

const FINEST = bitsAt(0);

/**
 * The JSON form of statistics. Extremes, which are float32, take the fewest digits that give them back. The counts of
 * an octave are written bin by bin, -n standing for n empty bins; sample indices as pairs of a first index and how
 * many follow on from it.
 */
export function encodeStatistics(statistics: TensorStatistics): object {
  const { samples, octaves, min, max, ...totals } = statistics;
  return {
    ...totals,
    min: shortest(min),
    max: shortest(max),
    samples: { index: toSpans(samples.index), min: samples.min.map(shortest), max: samples.max.map(shortest) },
    octaves: octaves.map((octave) => ({ ...octave, counts: toRuns(octave.counts) })),
  };
}

/** Reads what encodeStatistics wrote. Throws InputError naming the field that is not as it must be. */
export function decodeStatistics(field: Field): TensorStatistics {
  const count = (key: string) => field.at(key).integer(0);
  const octaves = field.at("octaves").list(decodeOctave);
  const keys = octaves.map(({ negative, exponent }) => (negative ? exponent : EXPONENTS + exponent));
  if (keys.some((key, i) => i > 0 && key <= (keys[i - 1] as number))) {
    field.at("octaves").fail("negative octaves, then positive ones, each by rising exponent");
  }
  const zeros = count("zeros");
  const counted = octaves.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), zeros);
  if (count("finite") !== counted) field.at("finite").fail(`${counted}, the sum of zeros and all counts`);
  return {
    finite: counted,
    zeros,
    nan: count("nan"),
    positiveInfinity: count("positiveInfinity"),
    negativeInfinity: count("negativeInfinity"),
    min: field.at("min").float32(),
    max: field.at("max").float32(),
    octaves,
    samples: decodeSamples(field.at("samples")),
  };
}

function decodeSamples(field: Field): TensorStatistics["samples"] {
  field.only("index", "min", "max");
  const min = field.at("min").list((item) => item.float32());
  const max = field.at("max").list((item) => item.float32());
  if (max.length !== min.length) field.at("max").fail(`as long as "min", ${min.length} numbers`);
  return { index: fromSpans(field.at("index"), min.length), min, max };
}

function decodeOctave(field: Field): Octave {
  field.only("negative", "exponent", "bits", "counts");
  const bits = field.at("bits").integer(0, FINEST);
  return {
    negative: field.at("negative").boolean(),
    exponent: field.at("exponent").integer(0, EXPONENTS - 1),
    bits,
    counts: fromRuns(field.at("counts"), 2 ** bits),
  };
}

function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

function toRuns(counts: Float64Array): number[] {
  const runs: number[] = [];
  let empty = 0;
  for (const count of counts) {
    if (count === 0) {
      empty++;
      continue;
    }
    if (empty > 0) runs.push(-empty);
    runs.push(count);
    empty = 0;
  }
  if (empty > 0) runs.push(-empty);
  return runs;
}

function fromRuns(field: Field, length: number): Float64Array {
  const counts = new Float64Array(length);
  let bin = 0;
  for (const run of field.integers(Number.MIN_SAFE_INTEGER)) {
    if (run === 0) field.fail("without 0, since -n stands for n empty bins");
    if (run < 0) bin -= run;
    else if (bin < length) counts[bin++] = run;
    else bin++;
  }
  return bin === length ? counts : field.fail(`counts of ${length} bins in all, where -n stands for n empty ones`);
}

function toSpans(indices: readonly number[]): number[] {
  const spans: number[] = [];
  indices.forEach((index, i) => {
    if (i > 0 && index === (indices[i - 1] as number) + 1) spans[spans.length - 1] = (spans.at(-1) as number) + 1;
    else spans.push(index, 1);
  });
  return spans;
}

function fromSpans(field: Field, length: number): number[] {
  const spans = field.integers(0);
  const rule = `pairs of a first sample and a number of samples, rising, ${length} samples in all`;
  const total = spans.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), 0);
  if (spans.length % 2 === 1 || total !== length) field.fail(rule);
  const indices: number[] = [];
  for (let i = 0; i < spans.length; i += 2) {
    const first = spans[i] as number;
    if (indices.length > 0 && first <= (indices.at(-1) as number)) field.fail(rule);
    for (let k = 0; k < (spans[i + 1] as number); k++) indices.push(first + k);
  }
  return indices;
}
