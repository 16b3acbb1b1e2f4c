import { mul, sum, tensor, tensor2d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { BlockLayer, BlockLearner } from "../model/finetuning.ts";
import type { LayerForm } from "../model/rounding.ts";
import { noise } from "../onnx/testing/build.ts";
import { clamp } from "../values/clamp.ts";
import { roundHalfEven } from "../values/round.ts";
import { roundValues, roundWeight } from "./fakeQuantize.ts";
import { products } from "./linear.ts";
import { EVERY_OPERATION } from "./testing/everyOperation.ts";
import { learners, problemOf } from "./testing/problems.ts";

let learner: BlockLearner;

beforeAll(async () => {
  learner = await learners.wasm();
  await learner.beginBlock({ layers: [], steps: [] });
});

const values = (dims: readonly number[], seed: number) => noise([...dims], seed).data as Float32Array;
const conv = (groups: number, stride: number, kernel: readonly [number, number] = [3, 3]): LayerForm => ({
  ...{ kind: "conv", groups, kernel, strides: [stride, stride], dilations: [1, 1] },
  pads: kernel[0] === 1 ? [0, 0, 0, 0] : [1, 0, 1, 1],
});

describe("the gradient of a layer's products is that of differences", () => {
  test.each([
    ["Conv", conv(1, 1), [2, 5, 4, 3], [27, 4]],
    ["Conv with strides", conv(1, 2), [1, 6, 5, 2], [18, 3]],
    ["Conv of one place", conv(1, 1, [1, 1]), [1, 3, 3, 4], [4, 2]],
    ["depthwise Conv", conv(3, 1), [2, 5, 4, 3], [9, 3]],
    ["depthwise Conv with strides", conv(2, 2), [1, 6, 5, 2], [9, 2]],
    ["MatMul", { kind: "matmul" }, [2, 3, 4], [4, 5]],
  ] as const)("%s", async (_, form, dims, size) => {
    const [input, weight] = [values(dims, 1), values(size, 2)];
    const made = (x: Float32Array, w: Float32Array) => products(form, tensor(x, [...dims]), tensor2d(w, [...size]));
    const { value, back } = made(input, weight);
    const by = tensor(values(value.shape, 3), value.shape);
    const total = (x: Float32Array, w: Float32Array) => sum(mul(made(x, w).value, by)).dataSync()[0] as number;
    const slopes = back(by, true);
    for (const [found, start, moved] of [
      [slopes.input!.dataSync(), input, (x: Float32Array) => total(x, weight)],
      [slopes.weight.dataSync(), weight, (w: Float32Array) => total(input, w)],
    ] as const) {
      // The sum is linear in each, so that a difference is exact but for rounding.
      for (let at = 0; at < start.length; at += 5) {
        const next = start.map((each, place) => (place === at ? each + 1 : each));
        expect(found[at]).toBeCloseTo(moved(next) - moved(start), 3);
      }
    }
  });
});

test("values are rounded to their codes, and pass slopes where they are not clipped", () => {
  const grid = { scale: 0.5, zeroPoint: 2, limits: [0, 4] as const };
  const x = tensor([-3, -0.6, 0.2, 0.9, 3]);
  const { value, back } = roundValues(x, -Infinity, Infinity, grid);
  expect([...value.dataSync()]).toEqual([-1, -0.5, 0, 1, 1]);
  expect([...back(tensor([2, 3, 4, 5, 6])).dataSync()]).toEqual([0, 3, 4, 5, 0]);
});

test("the slope of a scale's logarithm is what its weights came to", () => {
  const [codes, scales] = [tensor2d([1.4, -9, 0.6, 2], [2, 2]), tensor2d([0.5, 2], [1, 2])];
  // The second output's codes are counted from a zero point of -1.
  const limits = [tensor2d([-8, -7], [1, 2]), tensor2d([7, 8], [1, 2])] as const;
  const { value, back } = roundWeight(codes, scales, limits);
  expect([...value.dataSync()]).toEqual([0.5, -14, 0.5, 4]);
  const slopes = back(tensor2d([1, 2, 3, 4], [2, 2]));
  expect([...slopes.codes.dataSync()]).toEqual([0.5, 4, 1.5, 8]);
  expect([...slopes.growth.dataSync()]).toEqual([2, -12]);
});

const same: LayerForm = {
  kind: "conv",
  groups: 6,
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
};

const layerOf = (form: LayerForm, channels: number, inputs: number, seed: number): BlockLayer => {
  const problem = problemOf(form, channels, inputs, seed);
  const codes = Int8Array.from(problem.weight, (value) => clamp(roundHalfEven(value / 0.13), -8, 7));
  const zeroPoints = Int8Array.from({ length: channels }, (_, channel) => (channel % 5) - 2);
  return { ...problem, codes, zeroPoints, bias: new Float32Array(channels).fill(0.1) };
};

test("a block learns to make what is wanted, on samples held out too, and gives codes within the limits", async () => {
  const task = await learner.beginBlock({
    layers: [layerOf(conv(1, 1, [1, 1]), 6, 4, 1), layerOf(same, 6, 9, 2), layerOf({ kind: "matmul" }, 5, 6, 3)],
    steps: EVERY_OPERATION,
  });
  for (let sample = 0; sample < 20; sample++) {
    const data = values([1, 4, 5, 5], 10 + sample);
    const mean = data.reduce((total, value) => total + value, 0) / data.length;
    const wanted = Float32Array.from({ length: 5 }, (_, at) => 0.3 * at + mean);
    await task.add({ type: "float32", dims: [1, 4, 5, 5], data }, { type: "float32", dims: [1, 5], data: wanted });
  }
  const points: number[] = [];
  const { layers, before, after, curve } = await task.tune(60, 4, new AbortController().signal, ({ loss }) =>
    points.push(loss),
  );
  expect(after).toBeLessThan(before);
  expect(curve.map(({ loss }) => loss)).toEqual(points);
  expect(curve.at(-1)).toMatchObject({ iteration: 60 });
  for (const { codes, scales, shift } of layers) {
    expect(codes.every((code) => code >= -8 && code <= 7)).toBe(true);
    expect(scales.every((scale) => scale > 0)).toBe(true);
    expect(shift?.some((value) => value !== 0)).toBe(true);
  }
  await task.dispose();
});

test("cancelling ends it with the reason", async () => {
  const task = await learner.beginBlock({
    layers: [layerOf({ kind: "matmul" }, 5, 6, 3)],
    steps: [{ kind: "layer", of: 0, layer: 0, grid: null }],
  });
  const row = (length: number) => ({ type: "float32" as const, dims: [1, length], data: values([1, length], length) });
  for (let at = 0; at < 3; at++) await task.add(row(6), row(5));
  const controller = new AbortController();
  const tuned = task.tune(5000, 1, controller.signal, ({ iteration }) => iteration > 0 && controller.abort());
  await expect(tuned).rejects.toThrow(/abort/i);
  await task.dispose();
});
