import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { dequantize } from "../numerics/quantize.ts";
import { encodeConstant } from "./constant.ts";
import { fineBias } from "./fineBias.ts";
import { type EncodeRequest, encode, type LayerSource } from "./numbers.ts";
import type { WeightSource } from "./weight.ts";

const multiplier = { multiplies: ["int8"], addsInPairs: true, halvesOthers: false, biases: "int32" } as const;
const unit = { low: 0, high: 255 };

const layer = (changes: Partial<LayerSource> = {}): LayerSource => ({
  id: "layer",
  isWide: false,
  weight: null,
  inputGroup: null,
  clamp: null,
  floatBias: null,
  ...changes,
});

const weight = (values: readonly number[], bias: readonly number[] | null = null): WeightSource => ({
  key: {},
  name: "w",
  dims: [2, values.length / 2],
  channelAxis: 0,
  hasChannelScales: true,
  reduction: null,
  blockAxis: null,
  importance: null,
  values: () => Float32Array.from(values),
  isDeferred: false,
  read: null,
  bias: bias && (() => Float32Array.from(bias)),
  hasOwnBias: bias !== null,
});

function numbersOf(request: Partial<EncodeRequest>, ranges: Record<string, { low: number; high: number }> = {}) {
  const whole = {
    multiplier,
    wideMultiplier: multiplier,
    groups: [],
    layers: [],
    constants: new Map(),
    wideConstants: new Map(),
    ...request,
  };
  return encode(whole, new Map(Object.entries(ranges)), PLAIN_RECIPE);
}

describe("the numbers of a plan", () => {
  it("are a scale and a zero point for each group, a fixed range before one that is given", () => {
    const groups = [
      { id: "a", fixed: null },
      { id: "p", fixed: { low: 0, high: 1 } },
    ];
    const { affine } = numbersOf({ groups }, { a: { low: -51, high: 204 }, p: { low: 0, high: 9 } });
    expect(affine.get("a")).toEqual({ scale: 1, zeroPoint: 51 });
    expect(affine.get("p")).toEqual({ scale: Math.fround(1 / 255), zeroPoint: 0 });
  });

  it("need a range for every group that has none fixed", () => {
    expect(() => numbersOf({ groups: [{ id: "a", fixed: null }] })).toThrow("There is no range for a.");
  });

  it("say a group that was seen empty", () => {
    const { affine, notices } = numbersOf({ groups: [{ id: "a", fixed: null }] }, { a: { low: 0, high: 0 } });
    expect(affine.get("a")?.scale).toBe(1);
    expect(notices).toMatchObject([{ kind: "warning", subject: "a" }]);
  });

  it("are a bias in int32 with the scales of input and channel, where what is multiplied has a scale", () => {
    const source = weight([127, 0, 0, 254], [10, -20]);
    const groups = [{ id: "x", fixed: null }];
    const { weights } = numbersOf({ groups, layers: [layer({ weight: source, inputGroup: "x" })] }, { x: unit });
    const encoded = weights.get("layer")!;
    expect([...encoded.scales]).toEqual([1, 2]);
    expect([...encoded.codes]).toEqual([127, 0, 0, 127]);
    expect([...encoded.bias!.codes]).toEqual([10, -10]);
    const alone = numbersOf({ layers: [layer({ weight: source })] }).weights.get("layer")!;
    expect(alone.bias).toBeNull();
  });

  it("say a channel that is all zero", () => {
    const { notices } = numbersOf({ layers: [layer({ weight: weight([1, 2, 0, 0]) })] });
    expect(notices.map(({ message }) => message)).toEqual([
      "The weight of layer has 1 channel that is all zero or next to it.",
    ]);
  });

  it.each([
    [{ low: 0, high: Number.POSITIVE_INFINITY }, { low: 0, high: 6 }, true],
    [{ low: 0, high: 6 }, { low: 0, high: 6 }, true],
    [{ low: 0, high: 6 }, { low: 0, high: 7 }, false],
    [{ low: 0, high: 6 }, { low: -1, high: 6 }, false],
    [{ low: 1, high: 3 }, { low: 0, high: 3 }, false],
  ])("imply a clamp to %o in a range of %o: %s", (bounds, range, implied) => {
    const groups = [{ id: "r", fixed: null }];
    const { implied: found } = numbersOf(
      { groups, layers: [layer({ clamp: { ...bounds, group: "r" } })] },
      { r: range },
    );
    expect(found.has("layer")).toBe(implied);
  });
});

const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 1 });

describe("constants", () => {
  it("come back within half a step of their range", () => {
    fc.assert(
      fc.property(values, fc.boolean(), (list, signed) => {
        const scheme = { type: signed ? "int8" : "uint8", symmetric: signed } as const;
        const given = Float32Array.from(list);
        const { affine, codes } = encodeConstant(given, scheme)!;
        const back = dequantize(codes, affine);
        // Half a step of rounding, and half a step more at an end, since the zero point is rounded too.
        const most = affine.scale * 1.0001;
        return given.every((value, i) => Math.abs(value - back[i]!) <= most);
      }),
    );
  });

  it("that are not finite are none", () => {
    expect(encodeConstant(Float32Array.of(1, Number.NaN), { type: "uint8", symmetric: false })).toBeNull();
    expect(encodeConstant(Float32Array.of(Number.NEGATIVE_INFINITY), { type: "int8", symmetric: true })).toBeNull();
  });
});

describe("the bias of a float layer", () => {
  it.each([undefined, "power-of-two"] as const)(
    "comes back with ten bits of each value at least, whatever the others are (scales %s)",
    (allowed) => {
      fc.assert(
        fc.property(values, fc.constantFrom(1, 1e9, 1e30), (list, factor) => {
          const given = Float32Array.from(list, (value, at) => (at === 0 ? value * factor : value));
          const { scales, codes } = fineBias(given, allowed);
          return given.every((value, i) => {
            const back = codes[i]! * scales[scales.length === 1 ? 0 : i]!;
            return Math.abs(value - back) <= Math.abs(value) * 2 ** -9 + 1e-30;
          });
        }),
      );
    },
  );

  it("has one scale where that keeps ten bits of each, and else one a value", () => {
    expect(fineBias(Float32Array.of(1, -0.001, 0)).scales).toHaveLength(1);
    expect(fineBias(Float32Array.of(-1e9, 0.3, 0)).scales).toHaveLength(3);
  });

  it("is as many zeros as there are channels where the layer has none", () => {
    expect(fineBias(3)).toEqual({ scales: Float32Array.of(1), codes: new Int32Array(3) });
  });
});
