import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { BlockLearner } from "../../model/finetuning.ts";
import type { LayerForm, LearnedRounding, Learner, RoundingProblem } from "../../model/rounding.ts";
import type { Tensor } from "../../model/tensor.ts";
import { noise } from "../../onnx/testing/build.ts";
import { cpuLearner } from "../cpu.ts";
import { wasmLearner } from "../wasm.ts";

const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));

export const learners: Readonly<Record<"cpu" | "wasm", () => Promise<BlockLearner>>> = {
  cpu: cpuLearner,
  wasm: () =>
    wasmLearner({ simd: join(folder, "tfjs-backend-wasm-simd.wasm"), plain: join(folder, "tfjs-backend-wasm.wasm") }),
};

/** Weights of 4 bits whose codes are within the limits, but for a few. */
export function problemOf(form: LayerForm, channels: number, inputs: number, seed = 1): RoundingProblem {
  const weight = noise([channels, inputs], seed).data as Float32Array;
  const scales = new Float32Array(channels).fill(0.13);
  return { form, weight, channels, inputs, scales, limits: [-8, 7], biased: false };
}

export type Pair = readonly [float: Tensor, rounded: Tensor];

/** Inputs whose elements go together, as activations do, and what a rounded model might make of them. */
export function pairs(dims: readonly number[], samples: number, drift = 0.1): Pair[] {
  return Array.from({ length: samples }, (_, sample) => {
    const [own, shared, error] = [noise(dims, sample + 7), noise([3], sample + 91), noise(dims, sample + 301)];
    const float = (own.data as Float32Array).map((value, at) => value + 2 * Number(shared.data[at % 3]) + 0.5);
    const rounded = float.map((value, at) => value + drift * Number(error.data[at]));
    return [
      { type: "float32", dims, data: float },
      { type: "float32", dims, data: rounded },
    ];
  });
}

export async function learn(
  learner: Learner,
  problem: RoundingProblem,
  samples: readonly Pair[],
  iterations = 200,
): Promise<LearnedRounding> {
  const task = await learner.begin(problem);
  for (const [float, rounded] of samples) await task.add(float, rounded);
  return task.learn(iterations, new AbortController().signal, () => undefined);
}

/** The weights that rounding comes to. */
export function roundedWeight(
  { weight, scales, inputs, limits }: RoundingProblem,
  up: ArrayLike<number>,
): Float32Array {
  return weight.map((value, at) => {
    const scale = scales[Math.floor(at / inputs)]!;
    const code = Math.floor(Math.fround(value / scale)) + up[at]!;
    return Math.min(Math.max(code, limits[0]), limits[1]) * scale;
  });
}
