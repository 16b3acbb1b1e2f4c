import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { channelExtremes } from "../numerics/channelExtremes.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { joinsOf, weightOf } from "../operators/joins.ts";
import { applyFactors, type Bounds } from "./applyFactors.ts";
import { type ChannelExtremes, equalizedTensors, learnFactors } from "./equalization.ts";
import { graphOf } from "./pass.ts";
import { exposeOutputs } from "./shapes.ts";
import { difference, uneven } from "./testing/equalized.ts";
import { randomFeeds, run } from "./testing/native.ts";

const pointwise = (input: string, output: string, weight: string, bias = `${weight}_b`) =>
  makeNode("Conv", [input, weight, bias], [output], { name: weight });
const depthwise = (input: string, output: string, weight: string, group: number) =>
  makeNode("Conv", [input, weight, `${weight}_b`], [output], {
    name: weight,
    attributes: [intAttribute("group", group), intsAttribute("pads", [1, 1, 1, 1])],
  });

/** Pointwise, depthwise, pointwise, with Clip between 0 and `bound`, or Relu, after each of the first two. */
function chain(bound: number | null, seed: number): ModelProto {
  const activation = (input: string, output: string) =>
    bound === null ? makeNode("Relu", [input], [output]) : makeNode("Clip", [input, "zero", "bound"], [output]);
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: ["y"],
    nodes: [
      pointwise("x", "a", "w1"),
      activation("a", "a_act"),
      depthwise("a_act", "b", "w2", 5),
      activation("b", "b_act"),
      pointwise("b_act", "y", "w3"),
    ],
    constants: {
      zero: scalar("float32", 0),
      bound: scalar("float32", bound ?? 0),
      w1: uneven([5, 3, 1, 1], seed),
      w1_b: noise([5], seed + 1),
      w2: uneven([5, 1, 3, 3], seed + 2),
      w2_b: noise([5], seed + 3),
      w3: noise([4, 5, 1, 1], seed + 4),
      w3_b: noise([4], seed + 5),
    },
  });
}

async function seen(model: ModelProto, feeds: readonly TensorMap[]): Promise<Map<string, ChannelExtremes>> {
  const tensors = equalizedTensors(model);
  const extremes = new Map<string, ChannelExtremes>();
  for (const each of feeds) {
    const values = await run(exposeOutputs(model, tensors), each, false);
    for (const name of tensors) {
      const tensor = values.get(name);
      if (tensor) extremes.set(name, channelExtremes(tensor, 1, extremes.get(name)));
    }
  }
  return extremes;
}

/** The largest magnitude of a layer's weights by output channel, or by input channel. */
function ranges(model: ModelProto, layer: string, side: "output" | "input"): number[] {
  const index = new GraphIndex(graphOf(model));
  const node = index.node(layer);
  if (!node) throw new Error(`no ${layer}`);
  const weight = weightOf(node, index);
  const found: number[] = [];
  joinsOf(node, index)!.forEachRun((output, input, start, length) => {
    const largest = weight.subarray(start, start + length).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const channel = side === "output" ? output : input;
    found[channel] = Math.max(found[channel] ?? 0, largest);
  });
  return found;
}

const spread = (values: readonly number[]) => Math.max(...values) / Math.min(...values);

describe("equalization", () => {
  test.each([null, 0.5, 6])("leaves the function as it is, with Clip at %s", async (bound) => {
    for (const seed of [1, 50, 99]) {
      const model = chain(bound, seed);
      const feeds = Array.from({ length: 3 }, (_, i) => new Map([["x", noise([1, 3, 6, 6], seed + 10 * i)]]));
      const factors = learnFactors(model, await seen(model, feeds));
      const equalized = applyFactors(model, factors, "channel");
      for (const each of [...feeds, new Map([["x", noise([1, 3, 6, 6], 1234)]])]) {
        expect(await difference(model, equalized, each)).toBeLessThan(1e-4);
      }
    }
  });

  test("with one bound a tensor, the samples that taught it give the same", async () => {
    const model = chain(0.5, 7);
    const feeds = Array.from({ length: 4 }, (_, i) => new Map([["x", noise([1, 3, 6, 6], i)]]));
    const equalized = applyFactors(model, learnFactors(model, await seen(model, feeds)), "tensor");
    for (const each of feeds) expect(await difference(model, equalized, each)).toBeLessThan(1e-4);
    expect(graphOf(equalized).node.map(({ opType }) => opType)).toEqual(["Conv", "Clip", "Conv", "Clip", "Conv"]);
  });

  test("ends where the weights that make a channel are as large as those that read it", async () => {
    const model = chain(null, 3);
    const feeds = [new Map([["x", noise([1, 3, 6, 6], 2)]])];
    const equalized = applyFactors(model, learnFactors(model, await seen(model, feeds)), "channel");
    for (const [made, read] of [
      ["w1", "w2"],
      ["w2", "w3"],
    ] as const) {
      const [before, after] = [ranges(equalized, made, "output"), ranges(equalized, read, "input")];
      for (const [channel, range] of before.entries()) expect(range / (after[channel] ?? 0)).toBeCloseTo(1, 1);
    }
    expect(spread(ranges(equalized, "w2", "output"))).toBeLessThan(spread(ranges(model, "w2", "output")) / 10);
  });

  test("factors of any size change nothing either", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 5, maxLength: 5 }),
        fc.constantFrom<Bounds>("channel", "tensor"),
        async (divide, bounds) => {
          const model = chain(null, 11);
          const absorb = [0, 0, 0, 0, 0];
          const equalized = applyFactors(
            model,
            { a: { divide, absorb }, b: { divide: [...divide].reverse(), absorb } },
            bounds,
          );
          expect(await difference(model, equalized, randomFeeds(model))).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 10 },
    ));

  test("channels that stand above the others are absorbed by the next bias, and not those that a padded layer reads", async () => {
    const model = chain(null, 5);
    const bias = tensorOf(
      graphOf(model).initializer.find(({ name }) => name === "w2_b") ?? graphOf(model).initializer[0]!,
    );
    (bias.data as Float32Array)[2] = 5000;
    const feeds = [new Map([["x", noise([1, 3, 6, 6], 21)]])];
    const factors = learnFactors(model, await seen(model, feeds));
    expect(factors.b?.absorb[2]).toBeGreaterThan(1);
    expect(factors.b?.absorb.filter((value) => value !== 0)).toHaveLength(1);
    expect(factors.a?.absorb.every((value) => value === 0)).toBe(true);
    expect(await difference(model, applyFactors(model, factors, "channel"), feeds[0]!)).toBeLessThan(1e-4);
  });
});
