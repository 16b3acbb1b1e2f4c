import { floatOf, intOf, stringOf } from "../../onnx/attributes.ts";
import { elementCount } from "../../values/dims.ts";
import { equationOf } from "../einsum.ts";
import { broadcastDims } from "../sizes.ts";
import { type Arithmetic, type Floats, type Inputs, isFloats, rounded, stridesOf, walk } from "./floats.ts";

/** https://onnx.ai/onnx/operators/onnx__MatMul.html, as numpy.matmul; sums in float64, in the order of the inner axis. */
export const MAT_MUL: Arithmetic = {
  compute: (_, [a, b]) => {
    if (!isFloats(a) || !isFloats(b) || a.dims.length === 0 || b.dims.length === 0) return null;
    const [left, right] = [
      a.dims.length === 1 ? [1, ...a.dims] : a.dims,
      b.dims.length === 1 ? [...b.dims, 1] : b.dims,
    ];
    const [rows, inner, columns] = [left.at(-2) as number, left.at(-1) as number, right.at(-1) as number];
    if (right.at(-2) !== inner) return null;
    const batches = broadcastDims([left.slice(0, -2), right.slice(0, -2)]);
    const results = new Float64Array(elementCount(batches) * rows * columns);
    let at = 0;
    const strides = [batchStrides(left, batches.length), batchStrides(right, batches.length)];
    walk(batches, strides, ([atA = 0, atB = 0]) => {
      const sums = results.subarray(at, at + rows * columns);
      multiply(
        { data: a.data, at: atA, row: inner, column: 1 },
        { data: b.data, at: atB, row: columns, column: 1 },
        sums,
        {
          rows,
          inner,
          columns,
        },
      );
      at += rows * columns;
    });
    const dims = [...batches, ...(a.dims.length === 1 ? [] : [rows]), ...(b.dims.length === 1 ? [] : [columns])];
    return rounded(a.type, dims, results);
  },
  work: (_, [a, b]) => (a && b ? (elementCount(a.dims) * elementCount(b.dims)) / Math.max(1, innerOf(b)) : 0),
};

function innerOf({ dims }: NonNullable<Inputs[number]>): number {
  return (dims.length === 1 ? dims[0] : dims.at(-2)) ?? 1;
}

function batchStrides(dims: readonly number[], rank: number): number[] {
  const batch = dims.slice(0, -2);
  const size = (dims.at(-2) as number) * (dims.at(-1) as number);
  const own = stridesOf(batch).map((stride, axis) => (batch[axis] === 1 ? 0 : stride * size));
  return [...new Array<number>(rank - batch.length).fill(0), ...own];
}

interface Matrix {
  readonly data: Floats["data"];
  readonly at: number;
  /** The distance from one row to the next, and from one column. */
  readonly row: number;
  readonly column: number;
}

/** Adds the products of two matrices to `sums`. */
function multiply(
  a: Matrix,
  b: Matrix,
  sums: Float64Array,
  { rows, inner, columns }: { readonly rows: number; readonly inner: number; readonly columns: number },
): void {
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a.data[a.at + i * a.row + k * a.column] as number;
      for (let j = 0, from = b.at + k * b.row, to = i * columns; j < columns; j++, from += b.column, to++) {
        sums[to] = (sums[to] as number) + factor * (b.data[from] as number);
      }
    }
  }
}

/** https://onnx.ai/onnx/operators/onnx__Gemm.html: alpha A B + beta C. */
export const GEMM: Arithmetic = {
  compute: (node, [a, b, c]) => {
    if (!isFloats(a) || !isFloats(b) || (c && !isFloats(c)) || a.dims.length !== 2 || b.dims.length !== 2) return null;
    const [turnedA, turnedB] = [intOf(node, "transA") === 1, intOf(node, "transB") === 1];
    const [rows, inner] = (turnedA ? [a.dims[1], a.dims[0]] : a.dims) as [number, number];
    const [depth, columns] = (turnedB ? [b.dims[1], b.dims[0]] : b.dims) as [number, number];
    if (depth !== inner) return null;
    const sums = new Float64Array(rows * columns);
    const matrix = ({ data, dims }: Floats, turned: boolean): Matrix => {
      const width = dims[1] as number;
      return { data, at: 0, row: turned ? 1 : width, column: turned ? width : 1 };
    };
    multiply(matrix(a, turnedA), matrix(b, turnedB), sums, { rows, inner, columns });
    const [alpha, beta] = [floatOf(node, "alpha") ?? 1, floatOf(node, "beta") ?? 1];
    const bias = c && isFloats(c) ? c : null;
    const [height = 1, width = 1] = bias
      ? [...new Array<number>(2 - Math.min(2, bias.dims.length)).fill(1), ...bias.dims]
      : [];
    const strides = [height === 1 ? 0 : width, width === 1 ? 0 : 1];
    let at = 0;
    walk([rows, columns], [strides], ([place = 0]) => {
      sums[at] = alpha * (sums[at] as number) + (bias ? beta * (bias.data[place] as number) : 0);
      at++;
    });
    return rounded(a.type, [rows, columns], sums);
  },
  work: (node, [a, b]) => {
    return a && b ? elementCount(a.dims) * ((intOf(node, "transB") === 1 ? b.dims[0] : b.dims[1]) ?? 1) : 0;
  },
};

/** https://onnx.ai/onnx/operators/onnx__Einsum.html without an ellipsis. */
export const EINSUM: Arithmetic = {
  compute: (node, inputs) => {
    if (!inputs.every(isFloats)) return null;
    const equation = equationOf(
      stringOf(node, "equation") ?? "",
      inputs.map(({ dims }) => dims),
    );
    const [first] = inputs;
    if (!equation || !first) return null;
    const { terms, result, sizes } = equation;
    const summed = [...sizes.keys()].filter((letter) => !result.includes(letter));
    const letters = [...result, ...summed];
    const strides = terms.map((term, i) => {
      const own = stridesOf((inputs[i] as Floats).dims);
      return letters.map((letter) =>
        [...term].reduce((sum, each, axis) => (each === letter ? sum + (own[axis] as number) : sum), 0),
      );
    });
    const dims = [...result].map((letter) => sizes.get(letter) as number);
    const inResult = [...stridesOf(dims), ...summed.map(() => 0)];
    const results = new Float64Array(elementCount(dims));
    walk(
      letters.map((letter) => sizes.get(letter) as number),
      [inResult, ...strides],
      (places) => {
        let product = 1;
        for (const [i, { data }] of inputs.entries()) product *= data[places[i + 1] as number] as number;
        results[places[0] as number] = (results[places[0] as number] as number) + product;
      },
    );
    return rounded(first.type, dims, results);
  },
  work: (node, inputs) => {
    const equation = equationOf(
      stringOf(node, "equation") ?? "",
      inputs.map((each) => each?.dims ?? []),
    );
    return equation ? elementCount([...equation.sizes.values()]) * (inputs.length + 1) * 4 : 0;
  },
};
