import { add, mul, type Tensor3D, tensor3d, tidy, train, variable } from "@tensorflow/tfjs-core";
import type { LearnedRounding, LossPoint, RoundingProblem } from "../model/rounding.ts";
import { type Choices, choicesOf } from "./choices.ts";
import { descend } from "./descent.ts";
import type { GramMatrices } from "./gram.ts";
import { Pause } from "./pause.ts";
import { Reconstruction } from "./reconstruction.ts";
import { betaAt, indecision, soften, variablesOf } from "./softRounding.ts";

/** How far Adam moves a variable in all at most: from one end of the sigmoid to the other. */
const TRAVEL = 6;
const LARGEST_STEP = 0.1;
/** What a weight's indecision costs, in shares of a channel's mean power. */
const INDECISION = 0.003;
/** Adam's own is too large for gradients of a share. */
const EPSILON = 1e-12;
const POINTS = 50;

/**
 * AdaRound (Nagel et al., *Up or Down? Adaptive Rounding for Post-Training Quantization*, ICML 2020) of one layer: soft
 * roundings learn by Adam to reconstruct the layer's output, and are driven to up or down; then single weights are turned over
 * as long as that helps, and a channel that nearest rounding serves better keeps it. Where the layer's bias takes up the mean error of each channel
 * (Nagel et al., *Data-Free Quantization Through Weight Equalization and Bias Correction*, ICCV 2019, section 4.2), roundings are learned for what is left of it.
 * Takes `matrices` over. Rejects with the signal's reason when it is aborted.
 */
export async function adaround(
  problem: RoundingProblem,
  matrices: GramMatrices,
  iterations: number,
  signal: AbortSignal,
  onPoint: (point: LossPoint) => void,
): Promise<LearnedRounding> {
  const choices = choicesOf(problem);
  const reconstruction = await Reconstruction.of(problem, matrices);
  const pause = new Pause(signal);
  try {
    const { soft, curve } = await learnSoft(choices, reconstruction, iterations, pause, onPoint);
    const up = Uint8Array.from(soft, (value) => (value >= 0.5 ? 1 : 0));
    await turnOver(up, choices, reconstruction, pause);
    const best = await bestOf(up, choices, reconstruction);
    return { ...best, shift: reconstruction.shift(errorsOf(best.up, choices)), curve };
  } finally {
    reconstruction.dispose();
  }
}

/** Soft roundings after some iterations of Adam, with the derivative written out: it takes one matrix product. */
async function learnSoft(
  { down, step, fraction }: Choices,
  reconstruction: Reconstruction,
  iterations: number,
  pause: Pause,
  onPoint: (point: LossPoint) => void,
) {
  const { shape, power, square } = reconstruction;
  const [lower, steps] = [tensor3d(down, shape), tensor3d(step, shape)];
  const variables = tidy(() => variable(tensor3d(variablesOf(fraction), shape)));
  const adam = train.adam(Math.min(LARGEST_STEP, TRAVEL / iterations), 0.9, 0.999, EPSILON);
  const unit = power / (shape[0] * shape[1]) || 1;
  const every = Math.max(1, Math.floor(iterations / POINTS));
  const curve: LossPoint[] = [];
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      const { gradient, errors, slopes } = tidy(() => {
        const soft = soften(variables);
        const errors: Tensor3D = add(lower, mul(soft.h, steps));
        const slopes = reconstruction.slopes(errors);
        const byError = mul(mul(slopes, steps), 2 / unit);
        const beta = betaAt(iteration / iterations);
        const byH = beta ? add(byError, mul(indecision(soft, beta), INDECISION)) : byError;
        return { gradient: mul(byH, soft.derivative), errors, slopes };
      });
      if (iteration % every === 0) {
        const point = { iteration, loss: shareOf(await reconstruction.total(errors, slopes), square) };
        curve.push(point);
        onPoint(point);
      }
      adam.applyGradients([{ name: variables.name, tensor: gradient }]);
      for (const each of [gradient, errors, slopes]) each.dispose();
      await pause.rest();
    }
    const soft = tidy(() => soften(variables).h);
    const values = (await soft.data()) as Float32Array;
    soft.dispose();
    return { soft: values, curve };
  } finally {
    for (const each of [lower, steps, variables]) each.dispose();
    adam.dispose();
  }
}

async function turnOver(up: Uint8Array, choices: Choices, reconstruction: Reconstruction, pause: Pause): Promise<void> {
  const [, rows, inputs] = reconstruction.shape;
  const tensor = tidy(() => reconstruction.slopes(tensor3d(errorsOf(up, choices), reconstruction.shape)));
  const slopes = (await tensor.data()) as Float32Array;
  tensor.dispose();
  const { gram } = await reconstruction.products();
  for (let channel = 0, at = 0; at < up.length; channel++, at += inputs) {
    await pause.rest();
    const group = Math.floor(channel / rows);
    descend({
      up: up.subarray(at, at + inputs),
      step: choices.step.subarray(at, at + inputs),
      slope: Float64Array.from(slopes.subarray(at, at + inputs)),
      gram: gram.subarray(group * inputs * inputs, (group + 1) * inputs * inputs),
    });
  }
}

/** Each channel as learned, or rounded to nearest where that is no worse. */
async function bestOf(up: Uint8Array, choices: Choices, reconstruction: Reconstruction) {
  const [, , inputs] = reconstruction.shape;
  const { square } = reconstruction;
  const learned = await reconstruction.channelErrors(errorsOf(up, choices));
  const nearest = await reconstruction.channelErrors(errorsOf(choices.nearest, choices));
  const best = up.map((value, at) => {
    const channel = Math.floor(at / inputs);
    return learned[channel]! < nearest[channel]! ? value : choices.nearest[at]!;
  });
  const total = (errors: Float64Array) => errors.reduce((sum, error) => sum + error, 0);
  return {
    up: best,
    changed: best.reduce((changed, value, at) => changed + (value === choices.nearest[at] ? 0 : 1), 0),
    nearest: shareOf(total(nearest), square),
    learned: shareOf(total(learned.map((error, channel) => Math.min(error, nearest[channel]!))), square),
  };
}

function errorsOf(up: Uint8Array, { down, step }: Choices): Float32Array {
  return down.map((error, at) => (up[at] ? error + step[at]! : error));
}

/** An error as a share of the output's square; 0 where there is no output. Sums of float32 may fall short of 0. */
function shareOf(error: number, square: number): number {
  return square > 0 ? Math.max(0, error) / square : 0;
}
