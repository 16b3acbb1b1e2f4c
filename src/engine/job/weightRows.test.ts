import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeWeight, weightChoices } from "../encode/weight.ts";
import { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { type LayerPlan, planQuantization } from "../plan/plan.ts";
import { weightSource } from "../plan/weightSource.ts";
import { ORT } from "../targets/ort.ts";
import { packRounding, weightRows } from "./weightRows.ts";

const learned = {
  ...PLAIN_RECIPE,
  format: "weights",
  weights: { type: "int4", granularity: "channel", rounding: "learned" },
} as const;

function layerOf(op: string, x: readonly number[], w: Tensor, attributes: ReturnType<typeof intAttribute>[] = []) {
  const model = buildModel({
    opset: 21,
    inputs: [floatInput("x", x)],
    outputs: ["y"],
    nodes: [makeNode(op, ["x", "w"], ["y"], { name: "layer", attributes })],
    constants: { w },
  });
  const plan = planQuantization(
    model.graph!,
    new Map(["x", "y"].map((name) => [name, "float32" as const])),
    learned,
    ORT,
  );
  return { plan, layer: plan.layers[0] as LayerPlan };
}

const LAYERS = {
  "a Conv in groups": () => layerOf("Conv", [1, 6, 5, 5], noise([4, 3, 2, 2], 3), [intAttribute("group", 2)]),
  "a Gemm": () => layerOf("Gemm", [2, 5], noise([5, 3], 4)),
  "a transposed Gemm": () => layerOf("Gemm", [2, 5], noise([3, 5], 5), [intAttribute("transB", 1)]),
  "a MatMul": () => layerOf("MatMul", [2, 7], noise([7, 3], 6)),
};

describe.each(Object.entries(LAYERS))("the rounding of %s", (_, make) => {
  it("comes back from rows of output channels as codes of the weight", () => {
    const { plan, layer } = make();
    const rows = weightRows(layer, plan, { ...learned, resolved: {} })!;
    const { weight, channels, inputs, scales, limits } = rows;
    expect([limits, scales.length]).toEqual([[-8, 7], channels]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { minLength: weight.length, maxLength: weight.length }), (bits) => {
        const rounding = packRounding(layer, plan, Uint8Array.from(bits));
        const choices = weightChoices({ ...learned, rounding: { layer: rounding } }, ORT, "layer");
        const { codes, dims, axis } = encodeWeight(weightSource(layer, layer.weightUse!, plan.index), choices, null);
        const inner = dims.slice((axis ?? 0) + 1).reduce((product, dim) => product * dim, 1);
        for (let channel = 0; channel < channels; channel++) {
          for (let input = 0; input < inputs; input++) {
            const at = channel * inputs + input;
            const exact = Math.fround(weight[at]! / scales[channel]!);
            const code = Math.min(Math.max(Math.floor(exact) + bits[at]!, -8), 7);
            expect(codes[axis === 0 ? at : input * channels * inner + channel]).toBe(code);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

it("there are no rows of a ConvTranspose, nor of a matrix multiplied from the left", () => {
  const transposed = layerOf("ConvTranspose", [1, 2, 4, 4], noise([2, 3, 2, 2], 7));
  expect(transposed.layer.weight).toBe("w");
  expect(weightRows(transposed.layer, transposed.plan, { ...learned, resolved: {} })).toBeNull();
});

it("one scale serves every row where the recipe has one for the weight", () => {
  const { plan, layer } = LAYERS["a Gemm"]();
  const weights = { ...learned.weights, granularity: "tensor" } as const;
  const { scales } = weightRows(layer, plan, { ...learned, weights, resolved: {} })!;
  expect(new Set(scales).size).toBe(1);
  expect(scales).toHaveLength(3);
});

it("a rounding of another weight is refused by name", () => {
  const { plan, layer } = LAYERS["a Gemm"]();
  const choices = weightChoices({ ...learned, rounding: { layer: btoa("1234567") } }, ORT, "layer");
  const quantize = () => encodeWeight(weightSource(layer, layer.weightUse!, plan.index), choices, null);
  expect(quantize).toThrow(InputError);
  expect(quantize).toThrow(/does not fit the weight w of 15 values; set "rounding" to null/);
});

it("rounding that the recipe holds counts only where it asks for it, and for the layers it names", () => {
  const rounding = { layer: "AA==" };
  expect(weightChoices({ ...learned, rounding }, ORT, "layer").rounding).toBe("AA==");
  expect(weightChoices({ ...learned, rounding }, ORT, "other").rounding).toBeNull();
  expect(weightChoices({ ...learned, weights: PLAIN_RECIPE.weights, rounding }, ORT, "layer").rounding).toBeNull();
});
