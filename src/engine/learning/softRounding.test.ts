import { type Tensor3D, tensor3d, tidy } from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { betaAt, indecision, soften, variablesOf } from "./softRounding.ts";
import { learners } from "./testing/problems.ts";

const STEP = 1e-2;
const VARIABLES = [-4, -2.1, -1, -0.3, 0, 0.4, 1.3, 2.2, 5];

beforeAll(async () => {
  await learners.cpu();
});

const read = (make: (variables: Tensor3D) => Tensor3D, variables: readonly number[]) => {
  const result = tidy(() => make(tensor3d([...variables], [1, 1, variables.length])));
  const values = Array.from(result.dataSync());
  result.dispose();
  return values;
};
const h = (variables: readonly number[]) => read((each) => soften(each).h, variables);
const shifted = (by: number) => VARIABLES.map((value) => value + by);

test("h is 0 and 1 beyond the ends of the sigmoid, and its derivative is its slope", () => {
  expect(h([-4, 0, 4])).toEqual([0, expect.closeTo(0.5, 6), 1]);
  const slopes = read((each) => soften(each).derivative, VARIABLES);
  const [above, below] = [h(shifted(STEP)), h(shifted(-STEP))];
  slopes.forEach((slope, at) => {
    expect(slope).toBeCloseTo((above[at]! - below[at]!) / (2 * STEP), 4);
  });
});

test.each([20, 5, 2])("indecision at beta %i falls towards 0 and 1 as its derivative says", (beta) => {
  const cost = (value: number) => 1 - Math.abs(2 * value - 1) ** beta;
  const derivative = read((each) => indecision(soften(each), beta), VARIABLES);
  const between = [...h(VARIABLES).entries()].filter(([, value]) => value > 0 && value < 1);
  expect(between).toHaveLength(7);
  for (const [at, value] of between) {
    const slope = (cost(value + 1e-5) - cost(value - 1e-5)) / 2e-5;
    expect(derivative[at]).toBeCloseTo(slope, 2);
  }
});

test("variables begin where weights lie between their codes", () => {
  const fractions = [0.001, 0.2, 0.5, 0.77, 0.999];
  const found = h([...variablesOf(Float32Array.from(fractions))]);
  found.forEach((value, at) => {
    expect(value).toBeCloseTo(fractions[at]!, 5);
  });
});

test("beta is absent in the first fifth, then falls from 20 to 2", () => {
  expect([betaAt(0.01), betaAt(0.2)]).toEqual([null, null]);
  const betas = [0.21, 0.4, 0.6, 0.8, 1].map((done) => betaAt(done)!);
  expect(betas[0]).toBeCloseTo(20, 1);
  expect(betas.at(-1)).toBeCloseTo(2, 9);
  expect([...betas].sort((a, b) => b - a)).toEqual(betas);
});
