import type { Reduction } from "../numerics/reduction.ts";
import { floatOf, intOf } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Operator } from "./operator.ts";

const isTransposed = (node: NodeProto) => (intOf(node, "transB") ?? 0) !== 0;
const isPlain = (node: NodeProto) => (floatOf(node, "alpha") ?? 1) === 1 && (floatOf(node, "beta") ?? 1) === 1;

/** Weights [inputs, outputs], or [outputs, inputs] with transB. */
export const GEMM: Operator = {
  kind: "weighted",
  factors: "either",
  channelAxis: (node) => (isTransposed(node) ? 0 : 1),
  inputAxis: (node, _, at) => (at === 1 ? (isTransposed(node) ? 1 : 0) : intOf(node, "transA") ? 0 : 1),
  outputAxis: -1,
  bias: "own",
  addsBias: isPlain,
  reduction: (node, dims) => (isTransposed(node) ? alongRows(dims) : alongColumns(dims)),
  channels: (node, [rows = 1, columns = 1]) => (isTransposed(node) ? rows : columns),
  channelOf: (node, [, columns = 1]) =>
    isTransposed(node) ? (element) => Math.floor(element / columns) : (element) => element % columns,
  joins(node, [first = 1, second = 1]) {
    if (!isPlain(node) || intOf(node, "transA")) return null;
    const transposed = isTransposed(node);
    const [outputs, inputs] = transposed ? [first, second] : [second, first];
    return {
      outputs,
      inputs,
      forEachRun(visit) {
        for (let row = 0; row < first; row++) {
          for (let column = 0; column < second; column++) {
            visit(transposed ? row : column, transposed ? column : row, row * second + column, 1);
          }
        }
      },
    };
  },
  readsFeatures: true,
  form: (node) => (intOf(node, "transA") ? null : { kind: "matmul" }),
};

/** Weights [..., inputs, outputs]; those of several matrices have one scale. */
export const MAT_MUL: Operator = {
  kind: "weighted",
  factors: "either",
  channelAxis: (_, rank) => (rank === 2 ? 1 : null),
  inputAxis: (_, rank, at) => (at === 1 ? rank - 2 : rank - 1),
  outputAxis: -1,
  bias: "next",
  addsBias: () => true,
  reduction: (_, dims) => alongColumns(dims),
  form: () => ({ kind: "matmul" }),
  channels: (_, dims) => dims.at(-1) ?? 1,
  channelOf: (_, dims) => (element) => element % (dims.at(-1) ?? 1),
};

function alongRows([, columns = 1]: readonly number[]): Reduction {
  return { length: columns, inner: columns, channelStride: columns, innerStride: 1, outerStride: 0, paired: true };
}

function alongColumns([rows = 1, columns = 1]: readonly number[]): Reduction {
  return { length: rows, inner: rows, channelStride: 1, innerStride: columns, outerStride: 0, paired: true };
}
