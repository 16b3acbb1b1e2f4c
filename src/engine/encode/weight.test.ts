import fc from "fast-check";
import { expect, test } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { packBits } from "../numerics/bits.ts";
import { ORT } from "../targets/ort.ts";
import { encodeWeight, fitAhead, type WeightChoices, type WeightSource, weightChoices } from "./weight.ts";

const WEIGHT = Float32Array.from({ length: 54 }, (_, i) => Math.sin(i * i));
const BIAS = Float32Array.from({ length: 6 }, (_, i) => Math.cos(i * i));

/** A weight of six channels and nine products, which a kernel adds one by one or in pairs. */
function source(key: object, paired: boolean): WeightSource {
  return {
    key,
    name: "w",
    dims: [6, 1, 3, 3],
    hasChannelScales: true,
    channelAxis: 0,
    reduction: { length: 9, inner: 1, channelStride: 9, innerStride: 9, outerStride: 1, paired },
    blockAxis: null,
    importance: null,
    values: () => WEIGHT,
    isDeferred: false,
    read: null,
    bias: () => BIAS,
    hasOwnBias: true,
  };
}

function quantized(weight: WeightSource, choices: Partial<WeightChoices>, inputScale: number | null) {
  return encodeWeight(weight, { ...weightChoices(PLAIN_RECIPE, ORT, "conv"), ...choices }, inputScale);
}

test("a weight quantized before comes to what it comes to at first, whatever was asked in between", () => {
  const question = fc.record({
    choices: fc.record({
      type: fc.constantFrom("int8" as const, "int4" as const),
      granularity: fc.constantFrom("channel" as const, "tensor" as const),
      isMultiplied: fc.boolean(),
      rounding: fc.constantFrom(null, packBits(new Uint8Array(54)), packBits(new Uint8Array(54).fill(1))),
      // Absent: not at random.
      seed: fc.constantFrom(...[1, 2].map((seed) => ({ seed })), {}),
    }),
    // The least make the bias overflow, which raises some of the scales.
    inputScale: fc.constantFrom(null, 2 ** -4, 2 ** -20, 2 ** -24, 2 ** -25, 2 ** -26, 2 ** -28),
    paired: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(question, { minLength: 2, maxLength: 12 }), (questions) => {
      const shared = {};
      for (const { choices: asked, inputScale, paired } of questions) {
        const { seed, ...others } = asked;
        const choices = { ...others, ...seed };
        const fresh = quantized(source({}, paired), choices, inputScale);
        expect(quantized(source(shared, paired), choices, inputScale)).toEqual(fresh);
      }
    }),
  );
});

test("a weight whose scales stay is not rounded again when its input moves", () => {
  const weight = source({}, false);
  const before = quantized(weight, {}, 0.1);
  const after = quantized(weight, {}, 0.2);
  expect(after.codes).toBe(before.codes);
  expect(after.bias?.codes).not.toEqual(before.bias?.codes);
  expect(quantized(weight, { granularity: "tensor" }, 0.2).codes).not.toBe(before.codes);
});

test("codes that are drawn follow from the seed, and are next to what they stand for, whole channels or blocks", () => {
  for (const block of [undefined, 16] as const) {
    const weight = { ...source({}, false), dims: [6, 9], channelAxis: 0, blockAxis: 1 };
    const drawn = (seed: number) => quantized({ ...weight, key: {} }, { seed, ...(block && { block }) }, null);
    const { codes, scales } = drawn(3);
    expect(drawn(3).codes).toEqual(codes);
    expect(drawn(4).codes).not.toEqual(codes);
    const nearest = quantized({ ...weight, key: {} }, block ? { block } : {}, null);
    expect(nearest.scales).toEqual(scales);
    for (let i = 0; i < codes.length; i++) {
      const steps = WEIGHT[i]! / scales[Math.floor(i / 9)]!;
      expect(Math.abs(codes[i]! - steps)).toBeLessThan(1.01);
    }
  }
});

test("scales found ahead in parts are those that encoding has, which searches for none then", async () => {
  const values = Float32Array.from({ length: 96 * 40 }, (_, i) => Math.sin(i * i));
  const blocked = (): WeightSource => ({
    ...source({}, false),
    ...{ dims: [96, 40], channelAxis: 1, blockAxis: 0, reduction: null, bias: null, isDeferred: true },
    importance: () => Float32Array.from({ length: 96 }, (_, k) => 1 + (k % 5)),
    values: () => values,
  });
  const signal = new AbortController().signal;
  for (const [algorithm, halves] of [
    ["hqq", false],
    ["hqq", true],
    ["nearest", false],
  ] as const) {
    const choices = {
      ...weightChoices(PLAIN_RECIPE, ORT, "layer"),
      type: "uint4",
      block: 32,
      algorithm,
      halves,
    } as const;
    let read = 0;
    const stored: WeightSource = {
      ...blocked(),
      read: (target, from) => {
        read += target.length;
        target.set(values.subarray(from, from + target.length));
      },
      values: () => {
        throw new Error("all of it is read");
      },
    };
    await fitAhead(stored, choices, [], signal);
    expect(read).toBe(algorithm === "hqq" ? values.length : 0);
    const plain = encodeWeight(blocked(), choices, null);
    if (algorithm === "nearest") continue;
    const { scales, zeroPoints, dead } = encodeWeight(stored, choices, null);
    expect({ scales, zeroPoints, dead }).toEqual({
      scales: plain.scales,
      zeroPoints: plain.zeroPoints,
      dead: plain.dead,
    });
  }
});
