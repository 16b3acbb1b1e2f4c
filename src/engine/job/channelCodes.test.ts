import { expect, test } from "vitest";
import type { LayerProducts } from "../model/rounding.ts";
import { noise } from "../onnx/testing/build.ts";
import { channelCodes } from "./channelCodes.ts";

const [CHANNELS, INPUTS] = [6, 12];
const SAMPLES = 400;

/** Rows of inputs that go together, and what drifted of them. */
function inputsOf(seed: number, samples = SAMPLES, drift = 0.2) {
  const own = noise([samples, INPUTS], seed).data as Float32Array;
  const shared = noise([samples, 2], seed + 1).data as Float32Array;
  const errors = noise([samples, INPUTS], seed + 2).data as Float32Array;
  const x = own.map((value, at) => value + 2 * shared[2 * Math.floor(at / INPUTS) + (at % 2)]! + 1);
  return { x, rounded: x.map((value, at) => value + drift * (errors[at]! + 0.5)) };
}

/** What a matrix is multiplied by comes to, in sums of its own. */
function productsOf({ x, rounded }: ReturnType<typeof inputsOf>, weight: Float32Array, biased: boolean): LayerProducts {
  const samples = x.length / INPUTS;
  const drift = rounded.map((value, at) => value - x[at]!);
  const mean = (of: Float32Array) =>
    Float64Array.from({ length: INPUTS }, (_, input) => {
      let sum = 0;
      for (let at = input; at < of.length; at += INPUTS) sum += of[at]!;
      return sum / samples;
    });
  const means = { rounded: mean(rounded), drift: mean(drift) };
  const product = (a: Float32Array, ofA: Float64Array, b: Float32Array, ofB: Float64Array) =>
    Float32Array.from({ length: INPUTS * INPUTS }, (_, at) => {
      const [i, j] = [Math.floor(at / INPUTS), at % INPUTS];
      let sum = 0;
      for (let from = 0; from < a.length; from += INPUTS) sum += a[from + i]! * b[from + j]!;
      return sum / samples - (biased ? ofA[i]! * ofB[j]! : 0);
    });
  const gram = product(rounded, means.rounded, rounded, means.rounded);
  const k = product(drift, means.drift, rounded, means.rounded);
  const n = product(drift, means.drift, drift, means.drift);
  const square = (channel: number, by: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < INPUTS; i++)
      for (let j = 0; j < INPUTS; j++)
        sum += weight[channel * INPUTS + i]! * by[i * INPUTS + j]! * weight[channel * INPUTS + j]!;
    return sum;
  };
  const plain = product(x, mean(x), x, mean(x));
  const channels = Array.from({ length: CHANNELS }, (_, channel) => channel);
  return {
    gram,
    noise: Float32Array.of(0),
    cross: Float32Array.from({ length: CHANNELS * INPUTS }, (_, at) => {
      let sum = 0;
      for (let i = 0; i < INPUTS; i++)
        sum += weight[Math.floor(at / INPUTS) * INPUTS + i]! * k[i * INPUTS + (at % INPUTS)]!;
      return sum;
    }),
    drift: Float32Array.from(channels, (channel) => square(channel, n)),
    power: Float32Array.from(channels, (channel) => square(channel, plain)),
    means: biased ? means : null,
  };
}

/** Weights that lie to one side, so that a zero point serves them. */
const weight = (noise([CHANNELS, INPUTS], 5).data as Float32Array).map((value) => value + 0.8);
const rows = {
  weight,
  channels: CHANNELS,
  inputs: INPUTS,
  scales: new Float32Array(CHANNELS),
  limits: [-8, 7] as const,
};
const found = (biased: boolean, isSymmetric: boolean, samples = SAMPLES, drift = 0.2) =>
  channelCodes(
    rows,
    {
      taught: productsOf(inputsOf(1, samples, drift), weight, biased),
      held: productsOf(inputsOf(50, SAMPLES, drift), weight, biased),
    },
    isSymmetric,
    () => undefined,
  );

/** The error of what the codes make of other inputs, against what the weights make of these before they drifted, as a share. */
function errorOf(
  { codes, scales, zeroPoints, shift }: Awaited<ReturnType<typeof found>>,
  { x, rounded } = inputsOf(90),
  centered = false,
) {
  let [error, power] = [0, 0];
  for (let channel = 0; channel < CHANNELS; channel++) {
    const made: number[] = [];
    const wanted: number[] = [];
    for (let from = 0; from < x.length; from += INPUTS) {
      let [given, exact] = [shift?.[channel] ?? 0, 0];
      for (let i = 0; i < INPUTS; i++) {
        const at = channel * INPUTS + i;
        given += (codes[at]! - (zeroPoints?.[channel] ?? 0)) * scales[channel]! * rounded[from + i]!;
        exact += weight[at]! * x[from + i]!;
      }
      made.push(given);
      wanted.push(exact);
    }
    const meanOf = (all: readonly number[]) => (centered ? all.reduce((sum, each) => sum + each, 0) / all.length : 0);
    const [off, middle] = [meanOf(made.map((each, at) => each - wanted[at]!)), meanOf(wanted)];
    for (const [at, each] of wanted.entries()) {
      error += (made[at]! - each - off) ** 2;
      power += (each - middle) ** 2;
    }
  }
  return error / power;
}

test("codes are of 4 bits, and a zero point a channel is worth what weights to one side ask for", async () => {
  const [free, symmetric] = [await found(true, false, SAMPLES, 0), await found(true, true, SAMPLES, 0)];
  for (const { codes, scales, zeroPoints } of [free, symmetric]) {
    expect(codes.every((code) => code >= -8 && code <= 7)).toBe(true);
    expect(scales.every((scale) => scale > 0)).toBe(true);
    expect(zeroPoints?.every((point) => point >= -8 && point <= 7) ?? true).toBe(true);
  }
  expect([free.zeroPoints?.length, symmetric.zeroPoints]).toEqual([CHANNELS, null]);
  const others = inputsOf(90, SAMPLES, 0);
  expect(errorOf(free, others)).toBeLessThan(0.7 * errorOf(symmetric, others));
});

test("the loss told is the error on the inputs held out, without means where a bias takes them up", async () => {
  const biased = await found(true, false);
  expect(biased.loss).toBeCloseTo(errorOf(biased, inputsOf(50), true), 4);
  const plain = await found(false, false);
  expect(plain.shift).toBeNull();
  expect(plain.loss).toBeCloseTo(errorOf(plain, inputsOf(50)), 4);
});

test("the shift leaves no mean error on the inputs that teach", async () => {
  const codes = await found(true, false);
  const inputs = inputsOf(1);
  expect(errorOf(codes, inputs) / errorOf(codes, inputs, true)).toBeLessThan(1.0001);
  const without = { ...codes, shift: null };
  expect(errorOf(without, inputs)).toBeGreaterThan(3 * errorOf(codes, inputs));
});

test("of few samples inputs count as noisier, and what is found serves others better for it", async () => {
  const [few, many] = [await found(true, false, 14), await found(true, false)];
  expect(few.noise).toBeGreaterThan(many.noise);
  expect(errorOf(few)).toBeGreaterThan(errorOf(many));
});
