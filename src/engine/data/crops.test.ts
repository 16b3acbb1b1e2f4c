import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { cropped } from "./crops.ts";

const picture = (dims: number[], value: (at: number) => number): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from({ length: dims.reduce((size, each) => size * each, 1) }, (_, at) => value(at)),
});

test("a crop holds nothing that its picture does not, channel by channel, and is the same for a seed", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (seed, height, width) => {
      const area = height * width;
      const whole = picture([1, 3, height, width], (at) => Math.floor(at / area) * 100 + ((at * 7) % 50));
      const [once, again] = [0, 1].map(() => cropped(new Map([["x", whole]]), "NCHW", seed).get("x") as Tensor);
      expect(once).toEqual(again);
      for (let channel = 0; channel < 3; channel++) {
        const [of, by] = [whole, once as Tensor].map(({ data }) =>
          [...(data as Float32Array)].slice(channel * area, (channel + 1) * area),
        ) as [number[], number[]];
        expect(Math.min(...by)).toBeGreaterThanOrEqual(Math.min(...of) - 1e-3);
        expect(Math.max(...by)).toBeLessThanOrEqual(Math.max(...of) + 1e-3);
      }
    }),
    { seed: 5, numRuns: 60 },
  );
});

test("channels last are cropped as channels first are", () => {
  const first = picture([1, 3, 6, 5], (at) => Math.sin(at));
  const last = picture([1, 6, 5, 3], (at) => Math.sin((at % 3) * 30 + Math.floor(at / 3)));
  const [a, b] = [
    cropped(new Map([["x", first]]), "NCHW", 9).get("x") as Tensor,
    cropped(new Map([["x", last]]), "NHWC", 9).get("x") as Tensor,
  ];
  const turned = Float32Array.from(
    { length: 90 },
    (_, at) => (a.data as Float32Array)[(at % 3) * 30 + Math.floor(at / 3)]!,
  );
  expect(b.data).toEqual(turned);
});

test("what is no picture stays what it is", () => {
  const feeds = new Map([
    ["rows", picture([2, 7], (at) => at)],
    ["deep", picture([1, 8, 4, 4], (at) => at)],
  ]);
  expect(cropped(feeds, "NCHW", 1)).toEqual(feeds);
});
