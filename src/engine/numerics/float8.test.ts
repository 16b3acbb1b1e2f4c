import { expect, it } from "vitest";
import { FLOAT8 } from "../values/byteFloats.ts";
import { affineParameters } from "./affine.ts";
import { channelLayout } from "./channels.ts";
import { clipFigures } from "./figures.ts";
import { fromFloat8, toFloat8 } from "./float8.ts";
import { quantize } from "./quantize.ts";
import { DISTRIBUTIONS, drawFrom } from "./testing/distributions.ts";
import { observe } from "./testing/observe.ts";

const FLOAT8_SCHEME = { type: "float8", symmetric: true } as const;

it("an activation's scale puts its largest magnitude at 448, without a zero point", () => {
  expect(affineParameters({ low: -2, high: 7 }, FLOAT8_SCHEME)).toMatchObject({ scale: 7 / 448, zeroPoint: 0 });
});

it.each(Object.keys(DISTRIBUTIONS).filter((name) => !["constant", "all zero", "multiples of 1/255"].includes(name)))(
  "the estimated error of %s values is what rounding them gives",
  (name) => {
    const values = drawFrom(name, 20000);
    const statistics = observe(values);
    for (const share of [1, 0.5]) {
      const range = { low: statistics.min * share, high: statistics.max * share };
      const affine = affineParameters(range, FLOAT8_SCHEME);
      const codes = quantize(values, affine, "float8");
      let error = 0;
      values.forEach((value, i) => {
        error += (value - FLOAT8.widen(codes[i]!) * affine.scale) ** 2;
      });
      const { mse } = clipFigures(statistics, FLOAT8_SCHEME, range);
      expect(Math.abs(10 * Math.log10(mse / (error / values.length)))).toBeLessThan(0.1);
    }
  },
);

it("weights come back within a sixteenth of themselves, and balanced errors of a channel nearly cancel", () => {
  const weights = Float32Array.from({ length: 3 * 100 }, (_, i) => Math.sin(i * i) + 0.02);
  const layout = channelLayout([3, 100], 0);
  const scales = Float32Array.of(1 / 448, 1 / 400, 1 / 300);
  const sums = [null, layout].map((balanced) => {
    const back = fromFloat8(toFloat8(weights, layout, scales, balanced), layout, scales);
    weights.forEach((weight, i) => {
      const scale = scales[Math.floor(i / 100)]!;
      const bound = (balanced ? 2 : 1) * Math.max(Math.abs(weight) / 16, scale * 2 ** -9);
      expect(Math.abs(weight - back[i]!)).toBeLessThanOrEqual(bound * 1.001);
    });
    return [0, 1, 2].map((channel) => {
      const at = (i: number) => channel * 100 + i;
      return Math.abs(Array.from({ length: 100 }, (_, i) => weights[at(i)]! - back[at(i)]!).reduce((a, b) => a + b, 0));
    });
  });
  const all = (of: readonly number[]) => of.reduce((a, b) => a + b, 0);
  expect(all(sums[1]!)).toBeLessThan(all(sums[0]!) / 4);
});
