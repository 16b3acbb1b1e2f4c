import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseCostly, LARGEST_SHARE, type Multiplying } from "./costly.ts";

/** Each layer adds so much noise where it is in integers. */
const measured = (noises: Readonly<Record<string, number>>) => async (inFloat: readonly string[]) => {
  const added = Object.entries(noises).filter(([layer]) => !inFloat.includes(layer));
  const noise = added.reduce((sum, [, each]) => sum + each, 0.001);
  return { output: noise, deciding: noise };
};

const LAYERS: readonly Multiplying[] = [
  { layer: "first", share: 0.01 },
  { layer: "depthwise", share: 0.02 },
  { layer: "wide", share: 0.9 },
  { layer: "gate", share: 0.001 },
  { layer: "last", share: 0.069 },
];

describe("layers with weights that cost the outputs much", () => {
  it("stay in float where they multiply little, and those that cost nothing go back", async () => {
    const measure = measured({ depthwise: 0.1, wide: 0.01 });
    const found = await chooseCostly(LAYERS, 0.111, measure);
    expect(found).toMatchObject({ layers: ["depthwise"], share: 0.02 });
    expect(found!.deciding).toBeCloseTo(0.011, 12);
  });

  it("are none where they multiply too much, or 1 dB is not regained", async () => {
    expect(await chooseCostly(LAYERS, 0.111, measured({ wide: 0.11 }))).toBeNull();
    expect(await chooseCostly(LAYERS, 0.111, measured({ depthwise: 0.02, wide: 0.09 }))).toBeNull();
    expect(await chooseCostly([{ layer: "all", share: 1 }], 0.1, measured({ all: 0.1 }))).toBeNull();
    expect(await chooseCostly([], 0.1, measured({}))).toBeNull();
  });

  it("are told by what goes into a Softmax, however its probabilities tip, and as many are tried as these want", async () => {
    const inner = measured({ depthwise: 0.1, wide: 0.001 });
    const tried: string[][] = [];
    const found = await chooseCostly(LAYERS, 0.102, async (inFloat) => {
      tried.push([...inFloat]);
      return { output: 1 / tried.length, deciding: (await inner(inFloat)).deciding };
    });
    expect(found).toMatchObject({ layers: ["depthwise"] });
    expect(tried).toContainEqual(["first", "depthwise", "gate", "last"]);
  });

  it("never multiply more than a tenth, are what was measured last of the set, and are measured 12 times at most", async () => {
    const layer = fc.tuple(fc.double({ min: 0.001, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 30 }), async (drawn) => {
        const total = drawn.reduce((sum, [size]) => sum + size, 0);
        const layers = drawn.map(([size], at) => ({ layer: `${at}`, share: size / total }));
        const measure = measured(Object.fromEntries(drawn.map(([, noise], at) => [`${at}`, noise])));
        let times = 0;
        const { deciding: before } = await measure([]);
        const found = await chooseCostly(layers, before, (inFloat) => {
          times++;
          return measure(inFloat);
        });
        expect(times).toBeLessThanOrEqual(12);
        if (!found) return;
        expect(found.share).toBeLessThanOrEqual(LARGEST_SHARE + 1e-12);
        expect(found).toMatchObject(await measure(found.layers));
        expect(found.deciding).toBeLessThan(before);
        const order = found.layers.map(Number);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }),
      { seed: 11, numRuns: 60 },
    );
  });
});
