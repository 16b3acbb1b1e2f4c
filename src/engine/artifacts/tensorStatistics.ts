import { OCTAVE, type Octave, type TensorStatistics, TOTALS } from "../model/statistics.ts";
import { EXPONENTS } from "../numerics/resolution.ts";
import { about, type Fail, fields, float32, float32s, integers, into, list, text } from "../schema/define.ts";

const ENCODED_OCTAVE = about(
  "Values of one sign and one biased float32 exponent, in 2^bits bins by their top mantissa bits.",
  into(
    fields({ ...OCTAVE, counts: about("Bin by bin; -n stands for n empty bins.", integers(Number.MIN_SAFE_INTEGER)) }),
    ({ counts, ...octave }, fail): Octave => ({ ...octave, counts: fromRuns(counts, 2 ** octave.bits, fail) }),
  ),
);

const SAMPLES = about(
  "Extremes of each sample.",
  into(
    fields({
      index: about("Pairs: a sample, and how many samples in a row start with it.", integers(0)),
      min: float32s,
      max: float32s,
    }),
    ({ index, min, max }, fail) => {
      if (max.length !== min.length) fail(`as long as "min", ${min.length} numbers`, "max");
      const rises = min.every((low, i) => low <= (max[i] as number) || (low === Infinity && max[i] === -Infinity));
      if (!rises) fail('as large as "min" for each sample, or -Infinity where that is Infinity', "max");
      return { index: fromSpans(index, min.length, fail), min, max };
    },
  ),
);

/** The JSON form of a tensor's statistics, read as its name and what it stands for. */
export const TENSOR = into(
  fields({
    name: text,
    ...TOTALS,
    min: about("Of the finite values; Infinity when there is none.", float32),
    max: about("Of the finite values; -Infinity when there is none.", float32),
    samples: SAMPLES,
    octaves: about("Negative octaves, then positive ones, each by rising exponent.", list(ENCODED_OCTAVE)),
  }),
  ({ name, ...statistics }, fail): readonly [string, TensorStatistics] => {
    const { octaves, zeros, finite, samples } = statistics;
    const least = samples.min.reduce((a, b) => Math.min(a, b), Infinity);
    const most = samples.max.reduce((a, b) => Math.max(a, b), -Infinity);
    if (statistics.min !== least) fail(`${least}, the least of "samples.min"`, "min");
    if (statistics.max !== most) fail(`${most}, the largest of "samples.max"`, "max");
    const keys = octaves.map(({ negative, exponent }) => (negative ? exponent : EXPONENTS + exponent));
    if (keys.some((key, i) => i > 0 && key <= (keys[i - 1] as number))) {
      fail("negative octaves, then positive ones, each by rising exponent", "octaves");
    }
    const counted = octaves.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), zeros);
    if (finite !== counted) fail(`${counted}, the sum of zeros and all counts`, "finite");
    return [name, statistics];
  },
);

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

function fromRuns(runs: readonly number[], length: number, fail: Fail): Float64Array {
  const counts = new Float64Array(length);
  let bin = 0;
  for (const run of runs) {
    if (run < 0) bin -= run;
    else if (bin < length) counts[bin++] = run;
    else bin++;
  }
  if (runs.includes(0)) fail("without 0, since -n stands for n empty bins", "counts");
  if (bin !== length) fail(`counts of ${length} bins in all, where -n stands for n empty ones`, "counts");
  return counts;
}

function toSpans(indices: readonly number[]): number[] {
  const spans: number[] = [];
  indices.forEach((index, i) => {
    if (i > 0 && index === (indices[i - 1] as number) + 1) spans[spans.length - 1] = (spans.at(-1) as number) + 1;
    else spans.push(index, 1);
  });
  return spans;
}

function fromSpans(spans: readonly number[], length: number, fail: Fail): number[] {
  const indices: number[] = [];
  const refuse = () => {
    fail(`pairs of a first sample and a number of samples, rising, ${length} samples in all`, "index");
    return indices;
  };
  const total = spans.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), 0);
  if (spans.length % 2 === 1 || total !== length) return refuse();
  for (let i = 0; i < spans.length; i += 2) {
    const first = spans[i] as number;
    if (indices.length > 0 && first <= (indices.at(-1) as number)) return refuse();
    for (let k = 0; k < (spans[i + 1] as number); k++) indices.push(first + k);
  }
  return indices;
}
