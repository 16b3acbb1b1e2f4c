import type { Octave, TensorStatistics } from "../../model/statistics.ts";
import { bitsAt } from "../resolution.ts";

/** The statistics of samples of float32 values, by index, as their definition reads: one value after the other. */
export function referenceStatistics(samples: ReadonlyMap<number, Float32Array>): TensorStatistics {
  const all = [...samples.values()].flatMap((values) => [...values]);
  const finite = all.filter(Number.isFinite);
  const nonZero = finite.filter((value) => value !== 0);
  const largest = nonZero.reduce((most, value) => Math.max(most, partsOf(value).exponent), 0);
  const octaves = new Map<number, Octave>();
  for (const value of nonZero) {
    const { negative, exponent, mantissa } = partsOf(value);
    const key = exponent - (negative ? 256 : 0);
    const bits = bitsAt(largest - exponent);
    if (!octaves.has(key)) octaves.set(key, { negative, exponent, bits, counts: new Float64Array(2 ** bits) });
    octaves.get(key)!.counts[mantissa >>> (23 - bits)]! += 1;
  }
  const extremes = [...samples]
    .map(([index, values]) => ({ index, values: [...values].filter(Number.isFinite) }))
    .filter(({ values }) => values.length > 0)
    .sort((a, b) => a.index - b.index);
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity) + 0;
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity) + 0;
  return {
    finite: finite.length,
    zeros: finite.length - nonZero.length,
    nan: all.filter(Number.isNaN).length,
    positiveInfinity: all.filter((value) => value === Infinity).length,
    negativeInfinity: all.filter((value) => value === -Infinity).length,
    min: least(finite),
    max: most(finite),
    octaves: [...octaves].sort(([a], [b]) => a - b).map(([, octave]) => octave),
    samples: {
      index: extremes.map(({ index }) => index),
      min: extremes.map(({ values }) => least(values)),
      max: extremes.map(({ values }) => most(values)),
    },
  };
}

function partsOf(value: number) {
  const word = new Uint32Array(Float32Array.of(value).buffer)[0] as number;
  return { negative: value < 0, exponent: (word >>> 23) & 0xff, mantissa: word & 0x7fffff };
}
