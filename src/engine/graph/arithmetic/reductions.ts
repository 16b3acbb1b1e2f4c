import { elementCount } from "../../values/dims.ts";
import { axesOf, reducedAxes, reducedDims } from "../sizes.ts";
import { type Arithmetic, isFloats, rounded, stridesOf, walk } from "./floats.ts";

interface Reduction {
  readonly first: number;
  readonly next: (sum: number, value: number) => number;
  readonly last?: (sum: number, count: number) => number;
}

/** A reduction in float64, in the order of the elements. */
function reduction({ first, next, last }: Reduction): Arithmetic {
  return {
    compute: (node, [input, axes]) => {
      if (!isFloats(input)) return null;
      const { dims, data } = input;
      const named = axesOf(node, { size: () => undefined, value: () => axes ?? undefined }, 1);
      if (named === null) return null;
      const along = reducedAxes(node, dims.length, named);
      const made = reducedDims(node, dims, named);
      const kept = dims.map((dim, axis) => (along.has(axis) ? 1 : dim));
      const strides = stridesOf(kept).map((stride, axis) => (along.has(axis) ? 0 : stride));
      const results = new Float64Array(elementCount(made)).fill(first);
      let at = 0;
      walk(dims, [strides], ([place]) => {
        results[place as number] = next(results[place as number] as number, data[at++] as number);
      });
      const count = elementCount(dims) / Math.max(1, results.length);
      return rounded(input.type, made, last ? results.map((sum) => last(sum, count)) : results);
    },
  };
}

const add = (sum: number, value: number) => sum + value;
const addSquare = (sum: number, value: number) => sum + value * value;

export const REDUCTIONS: Readonly<Record<string, Arithmetic>> = {
  ReduceSum: reduction({ first: 0, next: add }),
  ReduceMean: reduction({ first: 0, next: add, last: (sum, count) => sum / count }),
  ReduceL1: reduction({ first: 0, next: (sum, value) => sum + Math.abs(value) }),
  ReduceL2: reduction({ first: 0, next: addSquare, last: Math.sqrt }),
  ReduceSumSquare: reduction({ first: 0, next: addSquare }),
  ReduceProd: reduction({ first: 1, next: (product, value) => product * value }),
};
