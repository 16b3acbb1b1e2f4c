import { describe, expect, test } from "vitest";
import { codeLimits } from "../../values/codes.ts";
import { affineParameters } from "../affine.ts";
import { densityOf } from "../density.ts";
import { DISTRIBUTIONS, drawFrom } from "../testing/distributions.ts";
import { exhaustiveLeast } from "../testing/exhaustive.ts";
import { INT8_SYMMETRIC, measure, SCHEMES, UINT8 } from "../testing/measure.ts";
import { observe } from "../testing/observe.ts";
import { cosineRange } from "./cosine.ts";
import { mseRange } from "./mse.ts";

const SPREAD = Object.keys(DISTRIBUTIONS).filter((name) => !["constant", "all zero"].includes(name));
const SMALLEST_DIFFERENCE = 10 ** (0.05 / 10);

describe.each(SPREAD)("%s", (name) => {
  const values = drawFrom(name, 6000);
  const density = densityOf(observe(values));

  test.each([UINT8, INT8_SYMMETRIC])("on the values, within 0.05 dB of an exhaustive search, %o", (scheme) => {
    const [leastMse, leastAngle] = exhaustiveLeast(values, scheme, [({ mse }) => mse, ({ cosine }) => 1 - cosine]);
    const { mse } = measure(values, scheme, mseRange(density, scheme));
    const { cosine } = measure(values, scheme, cosineRange(density, scheme));
    expect(mse).toBeLessThanOrEqual((leastMse as number) * SMALLEST_DIFFERENCE);
    expect(1 - cosine).toBeLessThanOrEqual((leastAngle as number) * SMALLEST_DIFFERENCE + 1e-12);
  });

  test("MSE is never worse than min-max", () => {
    for (const scheme of SCHEMES) {
      const minmax = measure(values, scheme, { low: density.min, high: density.max }).mse;
      expect(measure(values, scheme, mseRange(density, scheme)).mse).toBeLessThanOrEqual(minmax * 1.002);
    }
  });
});

test("the range gives back the parameters that were searched: it is what the codes represent", () => {
  for (const name of SPREAD) {
    const density = densityOf(observe(drawFrom(name, 2000)));
    for (const scheme of SCHEMES) {
      if (scheme.symmetric) continue;
      const range = mseRange(density, scheme);
      const { scale, zeroPoint } = affineParameters(range, scheme);
      const [lowest, highest] = codeLimits(scheme.type);
      expect(((lowest - zeroPoint) * scale) / scale).toBeCloseTo(range.low / scale, 3);
      expect(((highest - zeroPoint) * scale) / scale).toBeCloseTo(range.high / scale, 3);
    }
  }
});

test("values that vanish keep their min-max range", () => {
  const density = densityOf(observe([1e-40, -1e-42]));
  expect(mseRange(density, UINT8)).toEqual({ low: density.min, high: density.max });
});
