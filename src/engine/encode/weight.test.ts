import fc from "fast-check";
import { expect, test } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { packBits } from "../numerics/bits.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { weightedOf } from "../operators/index.ts";
import { weightSource } from "../plan/weightSource.ts";
import { type WeightUse, weightUse } from "../plan/weightUse.ts";
import { ORT } from "../targets/ort.ts";
import { encodeWeight, type WeightChoices, weightChoices } from "./weight.ts";

const conv = (group: number) =>
  makeNode("Conv", ["x", "w", "b"], ["y"], { name: "conv", attributes: [intAttribute("group", group)] });

function graphOf(node: NodeProto): GraphIndex {
  const constants = { w: noise([6, 1, 3, 3], 3), b: noise([6], 5) };
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 6, 8, 8])],
    outputs: ["y"],
    nodes: [node],
    constants,
  });
  return new GraphIndex(model.graph!);
}

function quantized(node: NodeProto, index: GraphIndex, choices: Partial<WeightChoices>, inputScale: number | null) {
  const all = { ...weightChoices(PLAIN_RECIPE, ORT, "conv"), ...choices };
  const use = weightUse(node, weightedOf(node, index)!, index, ORT) as WeightUse;
  return encodeWeight(weightSource({ node }, use, index), all, inputScale);
}

test("a weight quantized before comes to what it comes to at first, whatever was asked in between", () => {
  const question = fc.record({
    choices: fc.record({
      type: fc.constantFrom("int8" as const, "int4" as const),
      granularity: fc.constantFrom("channel" as const, "tensor" as const),
      isMultiplied: fc.boolean(),
      rounding: fc.constantFrom(null, packBits(new Uint8Array(54)), packBits(new Uint8Array(54).fill(1))),
    }),
    // The least make the bias overflow, which raises some of the scales.
    inputScale: fc.constantFrom(null, 2 ** -4, 2 ** -20, 2 ** -24, 2 ** -25, 2 ** -26, 2 ** -28),
    group: fc.constantFrom(1, 6),
  });
  fc.assert(
    fc.property(fc.array(question, { minLength: 2, maxLength: 12 }), (questions) => {
      const shared = graphOf(conv(6));
      for (const { choices, inputScale, group } of questions) {
        const fresh = quantized(conv(group), graphOf(conv(group)), choices, inputScale);
        expect(quantized(conv(group), shared, choices, inputScale)).toEqual(fresh);
      }
    }),
  );
});

test("a weight whose scales stay is not rounded again when its input moves", () => {
  const node = conv(6);
  const index = graphOf(node);
  const before = quantized(node, index, {}, 0.1);
  const after = quantized(node, index, {}, 0.2);
  expect(after.codes).toBe(before.codes);
  expect(after.bias?.codes).not.toEqual(before.bias?.codes);
  expect(quantized(node, index, { granularity: "tensor" }, 0.2).codes).not.toBe(before.codes);
});
