import { memory } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { LayerForm, Learner, RoundingProblem } from "../model/rounding.ts";
import { learn, learners, type Pair, pairs, problemOf, roundedWeight } from "./testing/problems.ts";

const MATRIX: LayerForm = { kind: "matmul" };
const CHANNELS = 6;
const INPUTS = 10;

/** What one channel makes of rounded inputs beyond what it makes of the float ones, straight from the samples, and the latter. */
function channelDifferences(problem: RoundingProblem, weight: Float32Array, channel: number, samples: readonly Pair[]) {
  const [differences, exact]: [number[], number[]] = [[], []];
  for (const [float, rounded] of samples) {
    for (let row = 0; row < float.data.length; row += problem.inputs) {
      let [actual, expected] = [0, 0];
      for (let i = 0; i < problem.inputs; i++) {
        const at = channel * problem.inputs + i;
        actual += weight[at]! * Number(rounded.data[row + i]);
        expected += problem.weight[at]! * Number(float.data[row + i]);
      }
      differences.push(actual - expected);
      exact.push(expected);
    }
  }
  return { differences, exact };
}

const square = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function channelError(problem: RoundingProblem, weight: Float32Array, channel: number, samples: readonly Pair[]) {
  return square(channelDifferences(problem, weight, channel, samples).differences);
}

/** The least error that any of the 2^inputs roundings of a channel has. */
function leastError(problem: RoundingProblem, channel: number, samples: readonly Pair[]): number {
  let least = Infinity;
  const up = new Uint8Array(problem.weight.length);
  for (let bits = 0; bits < 2 ** problem.inputs; bits++) {
    for (let i = 0; i < problem.inputs; i++) up[channel * problem.inputs + i] = (bits >> i) & 1;
    least = Math.min(least, channelError(problem, roundedWeight(problem, up), channel, samples));
  }
  return least;
}

const problem = problemOf(MATRIX, CHANNELS, INPUTS, 5);
const samples = pairs([2, INPUTS], 20);
const total = (errorOf: (channel: number) => number) =>
  Array.from({ length: CHANNELS }, (_, channel) => errorOf(channel)).reduce((sum, error) => sum + error, 0);

describe.each(Object.entries(learners))("on %s", (_, open) => {
  let learner: Learner;
  beforeAll(async () => {
    learner = await open();
  });

  test("what is learned is next to the best of all roundings, and far better than nearest", async () => {
    const { up, learned, nearest } = await learn(learner, problem, samples);
    const weight = roundedWeight(problem, up);
    const best = total((channel) => leastError(problem, channel, samples));
    const reached = total((channel) => channelError(problem, weight, channel, samples));
    expect(reached).toBeLessThan(1.2 * best);
    expect(learned).toBeLessThan(0.6 * nearest);
  });

  test("the loss falls while weights move freely, and what is learned is no worse than a channel rounded to nearest", async () => {
    const { curve, learned, nearest, up, changed } = await learn(learner, problem, samples);
    expect(curve[9]!.loss).toBeLessThan(curve[0]!.loss);
    expect(curve.at(-1)!.iteration).toBe(200);
    expect(learned).toBeLessThanOrEqual(nearest);
    const codes = (up: ArrayLike<number>) => roundedWeight(problem, up);
    const toNearest = codes(problem.weight.map((w) => (w / 0.13 - Math.floor(w / 0.13) > 0.5 ? 1 : 0)));
    expect(codes(up).filter((value, at) => value !== toNearest[at])).toHaveLength(changed);
  });

  test("where a bias takes up mean errors it leaves none, and rounding is learned for the rest: inputs far from zero change nothing", async () => {
    const biased = { ...problem, biased: true };
    const far = samples.map((pair) =>
      pair.map((tensor) => ({ ...tensor, data: (tensor.data as Float32Array).map((value) => value + 300) })),
    ) as unknown as Pair[];
    const [near, learned] = [await learn(learner, biased, samples), await learn(learner, biased, far)];
    const weight = roundedWeight(biased, learned.up);
    const [error, power] = [0, 1].map((part) =>
      total((channel) => {
        const { differences, exact } = channelDifferences(biased, weight, channel, far);
        const shift = learned.shift![channel]!;
        expect(Math.abs(mean(differences) + shift)).toBeLessThan(1e-3 * Math.abs(shift) + 1e-4);
        return part === 0 ? square(differences.map((value) => value - mean(differences))) : square(exact);
      }),
    ) as [number, number];
    expect(learned.learned / (error / power)).toBeCloseTo(1, 2);
    expect(learned.learned).toBeLessThan(0.8 * learned.nearest);
    expect(learned.up.filter((up, at) => up !== near.up[at]).length).toBeLessThan(3);
    const alone = total((channel) => {
      const { differences } = channelDifferences(problem, roundedWeight(problem, near.up), channel, samples);
      return square(differences.map((value) => value + near.shift![channel]!));
    });
    const plain = await learn(learner, problem, samples);
    expect(plain.shift).toBeNull();
    expect(alone).toBeLessThan(
      total((channel) => channelError(problem, roundedWeight(problem, plain.up), channel, samples)),
    );
  });

  test("the same inputs give the same rounding", async () => {
    const [first, second] = [await learn(learner, problem, samples), await learn(learner, problem, samples)];
    expect(second).toEqual(first);
  });

  test("weights on their codes stay there, and a layer without output keeps nearest", async () => {
    const exact = { ...problem, weight: problem.weight.map((_, at) => ((at % 5) - 2) * problem.scales[0]!) };
    const { up, nearest, learned } = await learn(learner, exact, pairs([2, INPUTS], 5, 0), 20);
    expect([...roundedWeight(exact, up)]).toEqual([...exact.weight]);
    expect([nearest, learned]).toEqual([0, 0]);
    const silent = { ...problem, weight: new Float32Array(CHANNELS * INPUTS) };
    expect([...(await learn(learner, silent, samples, 20)).up]).toEqual(new Array(CHANNELS * INPUTS).fill(0));
  });

  test("codes at the limits are not left", async () => {
    const clipped = { ...problem, scales: new Float32Array(CHANNELS).fill(0.05), limits: [-8, 7] as const };
    const weight = roundedWeight(clipped, (await learn(learner, clipped, samples, 50)).up);
    expect(Math.max(...weight)).toBeLessThanOrEqual(Math.fround(7 * 0.05));
    expect(Math.min(...weight)).toBeGreaterThanOrEqual(-Math.fround(8 * 0.05) - 1e-6);
  });

  test("learning is cancelled within a layer", async () => {
    const controller = new AbortController();
    const task = await learner.begin(problem);
    for (const [float, rounded] of samples) await task.add(float, rounded);
    const learning = task.learn(20_000, controller.signal, () => controller.abort());
    await expect(learning).rejects.toMatchObject({ name: "AbortError" });
  });

  test("no tensor outlives its layer, but for Adam's own count", async () => {
    await learn(learner, problem, samples, 5);
    const before = memory().numTensors;
    await learn(learner, problem, samples, 5);
    const begun = await learner.begin(problem);
    await begun.add(...samples[0]!);
    await begun.dispose();
    expect(memory().numTensors - before).toBeLessThanOrEqual(1);
  });
});

test("backends agree", async () => {
  const [cpu, wasm] = [await learners.cpu(), await learners.wasm()];
  const [a, b] = [await learn(cpu, problem, samples), await learn(wasm, problem, samples)];
  expect(b.nearest).toBeCloseTo(a.nearest, 6);
  expect(b.learned).toBeCloseTo(a.learned, 4);
  a.curve.slice(0, 10).forEach(({ loss }, at) => {
    expect(b.curve[at]!.loss).toBeCloseTo(loss, 4);
  });
});
