import type { LayerForm, LearnedRounding, Learner, RoundingProblem } from "../../src/engine/model/rounding.ts";
import type { Tensor } from "../../src/engine/model/tensor.ts";

const conv = (groups: number): LayerForm => ({
  kind: "conv",
  groups,
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
});

/** Numbers from -1 to 1 that look random. */
const values = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * seed * 12.9));

const problem = (form: LayerForm, channels: number, inputs: number): RoundingProblem => ({
  form,
  weight: values(channels * inputs, 1.7),
  channels,
  inputs,
  scales: new Float32Array(channels).fill(0.15),
  limits: [-8, 7],
});

const PROBLEMS: readonly (readonly [RoundingProblem, dims: readonly number[]])[] = [
  [problem(conv(1), 4, 27), [1, 3, 6, 6]],
  [problem(conv(3), 6, 9), [1, 3, 6, 6]],
  [problem({ kind: "matmul" }, 5, 12), [3, 12]],
];

/** Learns the rounding of tiny layers, one of each form. */
export async function learn(learner: Learner, iterations: number): Promise<LearnedRounding[]> {
  const results: LearnedRounding[] = [];
  for (const [each, dims] of PROBLEMS) {
    const task = await learner.begin(each);
    const length = dims.reduce((product, dim) => product * dim, 1);
    for (let sample = 1; sample <= 6; sample++) {
      const float = values(length, sample).map((value) => value + 0.4);
      const rounded: Tensor = { type: "float32", dims, data: float.map((value, i) => value + 0.05 * Math.cos(i)) };
      await task.add({ type: "float32", dims, data: float }, rounded);
    }
    results.push(await task.learn(iterations, new AbortController().signal, () => undefined));
  }
  return results;
}
