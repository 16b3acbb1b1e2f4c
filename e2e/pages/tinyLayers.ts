import { EVERY_OPERATION } from "../../src/engine/learning/testing/everyOperation.ts";
import type { BlockLayer, BlockLearner, TunedBlock } from "../../src/engine/model/finetuning.ts";
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
  biased: false,
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

const layer = (form: LayerForm, channels: number, inputs: number): BlockLayer => {
  const { weight, ...rest } = problem(form, channels, inputs);
  const codes = Int8Array.from(weight, (value) => Math.max(-8, Math.min(7, Math.round(value / 0.15))));
  const zeroPoints = Int8Array.from({ length: channels }, (_, channel) => (channel % 5) - 2);
  return { ...rest, weight, codes, zeroPoints, bias: new Float32Array(channels) };
};

/** Tunes a tiny block of every operation that a block has, on samples of which the last two judge. */
export async function tune(learner: BlockLearner, steps: number): Promise<TunedBlock> {
  const task = await learner.beginBlock({
    layers: [layer(conv(1), 4, 27), layer(conv(4), 4, 9), layer({ kind: "matmul" }, 5, 4)],
    steps: EVERY_OPERATION,
  });
  for (let sample = 1; sample <= 12; sample++) {
    const offset = 0.5 * Math.sin(sample);
    const input = values(108, sample).map((value) => value + offset);
    const output = Float32Array.from({ length: 5 }, (_, at) => 0.3 * at + offset);
    await task.add(
      { type: "float32", dims: [1, 3, 6, 6], data: input },
      { type: "float32", dims: [1, 5], data: output },
    );
  }
  const tuned = await task.tune(steps, 2, new AbortController().signal, () => undefined);
  await task.dispose();
  return tuned;
}
