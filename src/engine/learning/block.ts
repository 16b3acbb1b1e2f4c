import {
  add,
  div,
  mean,
  mul,
  onesLike,
  reshape,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  tidy,
  transpose,
  type Variable,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { BlockProblem, TunedBlock } from "../model/finetuning.ts";
import type { LossPoint } from "../model/rounding.ts";
import type { Tensor as Values } from "../model/tensor.ts";
import { BlockParameters } from "./blockParameters.ts";
import { roundValues } from "./fakeQuantize.ts";
import { Pause } from "./pause.ts";

/** Samples of a step, and values that are in memory for one at most. */
const TOGETHER = 8;
const POINTS = 50;
const [DECAY, SQUARE_DECAY] = [0.9, 0.999];
/** Adam's own is too large for gradients of a share. */
const EPSILON = 1e-12;
/** An output that is all zeros has no error as a share. */
const LEAST_POWER = 1e-20;
/** Steps until they are of full length: before that Adam's means are of few samples. */
const WARM_UP = 5;

/** One sample: what the block is fed in the quantized model, and makes in the float model; images by height, width and channel. */
interface Pair {
  readonly input: Float32Array;
  readonly output: Float32Array;
}

interface PairDims {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/**
 * A block of consecutive layers that learns, by gradients through rounding, to make of what it is fed in the quantized model what
 * it makes in the float model: block reconstruction (BRECQ; Li et al., ICLR 2021), with the scales learned too. Activations are
 * rounded as the quantized model rounds them.
 */
export class Block {
  readonly #problem: BlockProblem;
  readonly #parameters: readonly BlockParameters[];
  readonly #pairs: Pair[] = [];
  #dims: PairDims | null = null;

  constructor(problem: BlockProblem) {
    this.#problem = problem;
    this.#parameters = problem.layers.map((layer) => new BlockParameters(layer));
  }

  /** Tensors of one sample; of four dimensions they are [1, channels, height, width]. */
  add(input: Values, output: Values): void {
    this.#dims ??= { input: imageDims(input.dims), output: imageDims(output.dims) };
    this.#pairs.push({ input: byPlaces(input), output: byPlaces(output) });
  }

  async tune(
    steps: number,
    held: number,
    signal: AbortSignal,
    onPoint: (point: LossPoint) => void,
  ): Promise<TunedBlock> {
    const pause = new Pause(signal);
    const judged = this.#pairs.slice(this.#pairs.length - held);
    const taught = this.#pairs.slice(0, this.#pairs.length - held);
    const before = await this.#loss(judged, pause);
    const adam = new Adam(
      this.#parameters.flatMap(({ variables, rates }) => variables.map((of, at) => [of, rates[at]!])),
    );
    const every = Math.max(1, Math.floor(steps / POINTS));
    const curve: LossPoint[] = [];
    let since: number[] = [];
    try {
      for (let step = 1; step <= steps; step++) {
        const from = (step - 1) * TOGETHER;
        const pairs = Array.from(
          { length: Math.min(TOGETHER, taught.length) },
          (_, at) => taught[(from + at) % taught.length]!,
        );
        since.push(
          await this.#step(pairs, adam, Math.min(1, step / WARM_UP) * ((1 + Math.cos((Math.PI * step) / steps)) / 2)),
        );
        if (step % every === 0 || step === steps) {
          const point = { iteration: step, loss: since.reduce((total, each) => total + each, 0) / since.length };
          since = [];
          curve.push(point);
          onPoint(point);
        }
        await pause.rest();
      }
    } finally {
      adam.dispose();
    }
    const after = await this.#loss(judged, pause);
    return { layers: await Promise.all(this.#parameters.map((each) => each.tuned())), before, after, curve };
  }

  dispose(): void {
    for (const each of this.#parameters) each.dispose();
    this.#pairs.length = 0;
  }

  async #step(pairs: readonly Pair[], adam: Adam, length: number): Promise<number> {
    const [loss, ...slopes] = tidy(() => {
      const [input, output] = this.#batch(pairs);
      const { value, back } = this.#run(input);
      const difference = sub(value, output);
      const power = add(sum(square(output)), LEAST_POWER);
      return [div(sum(square(difference)), power), ...back(div(mul(difference, 2), power))];
    }) as [Tensor, ...Tensor[]];
    adam.step(slopes, length);
    const [share] = await loss.data();
    for (const each of [loss, ...slopes]) each.dispose();
    return share as number;
  }

  async #loss(pairs: readonly Pair[], pause: Pause): Promise<number> {
    let [error, power] = [0, 0];
    for (let from = 0; from < pairs.length; from += TOGETHER) {
      const both = tidy(() => {
        const [input, output] = this.#batch(pairs.slice(from, from + TOGETHER));
        return tensorOf([sum(square(sub(this.#run(input).value, output))), sum(square(output))]);
      });
      const [more, by] = await both.data();
      both.dispose();
      error += more as number;
      power += by as number;
      await pause.rest();
    }
    return power > 0 ? error / power : 0;
  }

  #batch(pairs: readonly Pair[]): [Tensor, Tensor] {
    const dims = this.#dims as PairDims;
    return [
      tensor(joined(pairs.map(({ input }) => input)), [pairs.length * dims.input[0]!, ...dims.input.slice(1)]),
      tensor(joined(pairs.map(({ output }) => output)), [pairs.length * dims.output[0]!, ...dims.output.slice(1)]),
    ];
  }

  /** What the block makes, and how slopes of it go back to all that is learned, in the order of its layers. */
  #run(input: Tensor): { readonly value: Tensor; readonly back: (slopes: Tensor) => Tensor[] } {
    const values: Tensor[] = [input];
    const backs: ((slopes: Tensor, to: (value: number, slopes: Tensor) => void) => void)[] = [];
    const learned = new Map<number, readonly Tensor[]>();
    for (const step of this.#problem.steps) {
      const of = values[step.of] as Tensor;
      if (step.kind === "layer") {
        const made = (this.#parameters[step.layer] as BlockParameters).apply(of);
        const rounded = roundValues(made.value, -Infinity, Infinity, step.grid);
        values.push(rounded.value);
        backs.push((slopes, to) => {
          const by = made.back(rounded.back(slopes), step.of > 0);
          learned.set(step.layer, by.variables);
          if (by.input) to(step.of, by.input);
        });
        continue;
      }
      const { value, back } = moved(step, of);
      const sum = step.kind === "add" ? add(value, values[step.and] as Tensor) : value;
      const [low, high] = step.kind === "clamp" ? [step.low, step.high] : [-Infinity, Infinity];
      const rounded = roundValues(sum, low, high, step.grid);
      values.push(rounded.value);
      backs.push((slopes, to) => {
        const by = rounded.back(slopes);
        to(step.of, back(by));
        if (step.kind === "add") to(step.and, by);
      });
    }
    const back = (slopes: Tensor) => {
      const all: (Tensor | undefined)[] = values.map(() => undefined);
      all[values.length - 1] = slopes;
      const to = (value: number, more: Tensor) => {
        all[value] = all[value] ? add(all[value], more) : more;
      };
      for (let at = backs.length; at > 0; at--) if (all[at]) backs[at - 1]?.(all[at] as Tensor, to);
      return this.#parameters.flatMap(
        ({ variables }, layer) => learned.get(layer) ?? variables.map((each) => zerosLike(each)),
      );
    };
    return { value: values.at(-1) as Tensor, back };
  }
}

/** What a step without a weight makes of a value before it is clipped, and how slopes go back. */
function moved({ kind }: BlockProblem["steps"][number], of: Tensor) {
  if (kind === "mean") {
    const [, height = 1, width = 1] = of.shape;
    const back = (slopes: Tensor) => mul(onesLike(of), div(slopes, height * width));
    return { value: mean(of, [1, 2], true), back };
  }
  if (kind === "rows") {
    const plain = of.rank === 4 ? transpose(of, [0, 3, 1, 2]) : of;
    const back = (slopes: Tensor) => {
      const shaped = reshape(slopes, plain.shape);
      return of.rank === 4 ? transpose(shaped, [0, 2, 3, 1]) : shaped;
    };
    return { value: reshape(plain, [of.shape[0] ?? 1, -1]), back };
  }
  return { value: of, back: (slopes: Tensor) => slopes };
}

function tensorOf(scalars: readonly Tensor[]): Tensor {
  return stack([...scalars]);
}

/** Adam (Kingma and Ba, ICLR 2015), with a length of step for each variable. */
class Adam {
  readonly variables: readonly Variable[];
  readonly #rates: readonly number[];
  #means: Tensor[];
  #squares: Tensor[];
  #steps = 0;

  constructor(of: readonly (readonly [Variable, number])[]) {
    this.variables = of.map(([each]) => each);
    this.#rates = of.map(([, rate]) => rate);
    this.#means = this.variables.map((each) => zerosLike(each));
    this.#squares = this.variables.map((each) => zerosLike(each));
  }

  step(slopes: readonly Tensor[], length: number): void {
    this.#steps++;
    const grown = Math.sqrt(1 - SQUARE_DECAY ** this.#steps) / (1 - DECAY ** this.#steps);
    for (const [at, variable] of this.variables.entries()) {
      const slope = slopes[at] as Tensor;
      const [first, second, next] = tidy(() => {
        const first = add(mul(this.#means[at]!, DECAY), mul(slope, 1 - DECAY));
        const second = add(mul(this.#squares[at]!, SQUARE_DECAY), mul(square(slope), 1 - SQUARE_DECAY));
        const by = mul(div(first, add(sqrt(second), EPSILON)), grown * length * this.#rates[at]!);
        return [first, second, sub(variable, by)];
      }) as [Tensor, Tensor, Tensor];
      this.#means[at]!.dispose();
      this.#squares[at]!.dispose();
      this.#means[at] = first;
      this.#squares[at] = second;
      variable.assign(next);
      next.dispose();
    }
  }

  dispose(): void {
    for (const each of [...this.#means, ...this.#squares]) each.dispose();
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((length, each) => length + each.length, 0));
  let at = 0;
  for (const each of arrays) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

function imageDims(dims: readonly number[]): readonly number[] {
  return dims.length === 4 ? [dims[0]!, dims[2]!, dims[3]!, dims[1]!] : dims;
}

/** A copy; of images with channels last. */
function byPlaces({ dims, data }: Values): Float32Array {
  const values = data as Float32Array;
  if (dims.length !== 4) return values.slice();
  const [batch = 1, channels = 1, height = 1, width = 1] = dims;
  const area = height * width;
  const result = new Float32Array(values.length);
  for (let at = 0; at < batch * channels; at++) {
    const base = Math.floor(at / channels) * channels * area + (at % channels);
    for (let place = 0; place < area; place++) result[base + place * channels] = values[at * area + place] as number;
  }
  return result;
}
