import { describe, expect, test } from "vitest";
import { run } from "../graph/testing/native.ts";
import type { LayerForm, RoundingProblem } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { learn, learners, type Pair, pairs, problemOf, roundedWeight } from "./testing/problems.ts";

type Conv = Extract<LayerForm, { kind: "conv" }>;

const plain: Conv = {
  kind: "conv",
  groups: 1,
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
};

const CONVS: readonly (readonly [string, Conv, channels: number, dims: readonly number[]])[] = [
  ["pointwise", { ...plain, kernel: [1, 1] }, 4, [1, 6, 5, 5]],
  ["padded", { ...plain, pads: [1, 1, 1, 1] }, 4, [1, 2, 6, 5]],
  ["strided, padded on one side", { ...plain, strides: [2, 2], pads: [0, 0, 1, 1] }, 3, [1, 2, 8, 7]],
  ["dilated", { ...plain, dilations: [2, 1], pads: [2, 0, 1, 2] }, 3, [1, 2, 7, 8]],
  ["grouped", { ...plain, groups: 2, pads: [1, 1, 1, 1] }, 6, [1, 4, 5, 5]],
  ["depthwise", { ...plain, groups: 5, pads: [1, 1, 1, 1] }, 5, [1, 5, 6, 6]],
  ["depthwise with two channels a group", { ...plain, groups: 3, pads: [0, 1, 0, 1] }, 6, [1, 3, 6, 6]],
  ["of one dimension", { ...plain, kernel: [1, 3], strides: [1, 2], pads: [0, 1, 0, 1] }, 4, [1, 3, 11]],
  ["of a batch", { ...plain, pads: [1, 1, 1, 1] }, 2, [2, 2, 4, 4]],
];

/** The mean square of what onnxruntime-node makes of weight * input less other * input, as a share of the first's. */
async function measured(problem: RoundingProblem, other: Float32Array, samples: readonly Pair[]): Promise<number> {
  let [error, power] = [0, 0];
  for (const [float, rounded] of samples) {
    const [expected, actual] = [await apply(problem, problem.weight, float), await apply(problem, other, rounded)];
    expected.forEach((value, at) => {
      error += (value - actual[at]!) ** 2;
      power += value ** 2;
    });
  }
  return error / power;
}

async function apply({ form, channels, inputs }: RoundingProblem, weight: Float32Array, input: Tensor) {
  const flat = input.dims.length === 3;
  const last = (values: readonly number[]) => (flat ? values.filter((_, at) => at % 2 === 1) : values);
  const node =
    form.kind === "matmul"
      ? makeNode("Gemm", ["x", "w"], ["y"], { attributes: [intAttribute("transB", 1)] })
      : makeNode("Conv", ["x", "w"], ["y"], {
          attributes: [
            intAttribute("group", form.groups),
            intsAttribute("strides", last(form.strides)),
            intsAttribute("dilations", last(form.dilations)),
            intsAttribute("pads", last(form.pads)),
          ],
        });
  const kernel = form.kind === "matmul" ? [] : last(form.kernel);
  const area = kernel.reduce((product, size) => product * size, 1);
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", input.dims)],
    outputs: ["y"],
    nodes: [node],
    constants: { w: { type: "float32", dims: [channels, inputs / area, ...kernel], data: weight } },
  });
  return (await run(model, new Map([["x", input]]))).get("y")!.data as Float32Array;
}

describe.each(Object.entries(learners))("on %s, losses are those of ONNX Runtime's outputs", (_, open) => {
  test.each(CONVS)("of a Conv, %s", async (_, form, channels, dims) => {
    const inputs = (dims[1]! / form.groups) * form.kernel[0] * form.kernel[1];
    const problem = problemOf(form, channels, inputs);
    const samples = pairs(dims, 12);
    const learned = await learn(await open(), problem, samples, 20);
    const nearest = problem.weight.map((value) => (value / 0.13 - Math.floor(value / 0.13) > 0.5 ? 1 : 0));
    expect(learned.nearest).toBeCloseTo(await measured(problem, roundedWeight(problem, nearest), samples), 5);
    expect(learned.learned).toBeCloseTo(await measured(problem, roundedWeight(problem, learned.up), samples), 5);
    expect(learned.learned).toBeLessThan(learned.nearest);
  });

  test("of a matrix", async () => {
    const problem = problemOf({ kind: "matmul" }, 5, 12);
    const samples = pairs([4, 12], 30);
    const learned = await learn(await open(), problem, samples, 20);
    expect(learned.learned).toBeCloseTo(await measured(problem, roundedWeight(problem, learned.up), samples), 5);
  });
});
