import { broadcastDims } from "../sizes.ts";
import { type Arithmetic, type Floats, type Inputs, isFloats, rounded, stridesOf, walk } from "./floats.ts";

const MOST_FACTORS = 8;

/** A power by multiplications and a root alone, which every engine computes alike; null for other exponents. */
function powerOf(exponent: number): ((value: number) => number) | null {
  if (exponent === 0.5) return root;
  if (exponent === -0.5) return (value) => 1 / root(value);
  if (!Number.isInteger(exponent) || Math.abs(exponent) > MOST_FACTORS) return null;
  return (value) => {
    let product = 1;
    for (let i = 0; i < Math.abs(exponent); i++) product *= value;
    return exponent < 0 ? 1 / product : product;
  };
}

/** As a power of one half: of -0 it is 0, of -infinity infinity. */
function root(value: number): number {
  return value === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.sqrt(value) + 0;
}

/** https://onnx.ai/onnx/operators/onnx__Pow.html with one exponent for all. */
export const POW: Arithmetic = {
  compute: (_, [base, exponent]) => {
    if (!isFloats(base) || exponent?.data.length !== 1) return null;
    const power = powerOf(Number(exponent.data[0]));
    return power && rounded(base.type, broadcastDims([base.dims, exponent.dims]), Float64Array.from(base.data, power));
  },
};

export const RECIPROCAL: Arithmetic = {
  compute: (_, [input]) => {
    return isFloats(input)
      ? rounded(
          input.type,
          input.dims,
          Float64Array.from(input.data, (value) => 1 / value),
        )
      : null;
  },
};

export const SUM: Arithmetic = { compute: (_, inputs) => added(inputs, 1) };
export const MEAN: Arithmetic = { compute: (_, inputs) => added(inputs, inputs.length) };

function added(inputs: Inputs, divisor: number): Floats | null {
  if (!inputs.every(isFloats)) return null;
  const [first] = inputs;
  const dims = broadcastDims(inputs.map((each) => each.dims));
  const sum = new Float64Array(dims.reduce((product, dim) => product * dim, 1));
  let at = 0;
  walk(
    dims,
    inputs.map((each) => broadcastStrides(each.dims, dims.length)),
    (places) => {
      let total = 0;
      for (const [i, { data }] of inputs.entries()) total += data[places[i] as number] as number;
      sum[at++] = total / divisor;
    },
  );
  return first ? rounded(first.type, dims, sum) : null;
}

function broadcastStrides(dims: readonly number[], rank: number): number[] {
  const own = stridesOf(dims).map((stride, axis) => (dims[axis] === 1 ? 0 : stride));
  return [...new Array<number>(rank - dims.length).fill(0), ...own];
}
