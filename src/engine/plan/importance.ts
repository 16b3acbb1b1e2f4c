import { StoredBytes } from "../model/deferred.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { deferredOf } from "../onnx/tensorBytes.ts";
import { normalizedChannels } from "./normalizedChannels.ts";
import type { WeightUse } from "./weightUse.ts";

/**
 * How large each input that a weight multiplies is, as constants alone say: the gains of the normalization before. Of a table
 * that a layer looks up, those of the matrix that is the same turned around, so that both come to the same codes. Null where
 * nothing is known.
 */
export function inputImportance(
  node: NodeProto,
  { name, input, blockAxis }: WeightUse,
  index: GraphIndex,
): (() => Float32Array) | null {
  const reader = node.opType === "Gather" ? tiedReader(index.initializer(name) as TensorProto, index) : node;
  const isPlain = node.opType === "Gather" || (input === 1 && blockAxis !== null);
  if (!reader || !isPlain) return null;
  const gains = normalizedChannels(reader.input[0] ?? "", index);
  const count = dimsOf(index.initializer(name) as TensorProto)[blockAxis ?? 0];
  return gains && gains.length === count ? () => Float32Array.from(gains) : null;
}

/** The first MatMul by a constant that is a table turned around. */
function tiedReader(table: TensorProto, index: GraphIndex): NodeProto | null {
  const found = index.graph.node.find(({ opType, input }) => {
    const weight = opType === "MatMul" ? index.initializer(input[1] ?? "") : undefined;
    return weight !== undefined && isTurned(table, weight);
  });
  return found ?? null;
}

/** Rows of a matrix that are looked at before all of it is read. */
const SAMPLED = 16;

/** Whether the first row of a matrix is the first column of another one, as far as the two are not in memory. */
function beginTurned(table: TensorProto, weight: TensorProto, sampled: number, columns: number): boolean {
  const [ours, theirs] = [deferredOf(table), deferredOf(weight)];
  if (!(ours instanceof StoredBytes && theirs instanceof StoredBytes)) return true;
  const value = new Float32Array(2);
  const [first, second] = [new Uint8Array(value.buffer, 0, 4), new Uint8Array(value.buffer, 4, 4)];
  for (let row = 0; row < sampled; row++) {
    ours.readInto(first, 4 * row * columns);
    theirs.readInto(second, 4 * row);
    if (value[0] !== value[1]) return false;
  }
  return true;
}

/** Whether a float32 matrix is another one turned around. */
function isTurned(table: TensorProto, weight: TensorProto): boolean {
  const [rows = 0, columns = 0] = dimsOf(table);
  const [first, second] = dimsOf(weight);
  if (weight.dims.length !== 2 || first !== columns || second !== rows) return false;
  if (dataTypeOf(weight.dataType) !== "float32") return false;
  if (!beginTurned(table, weight, Math.min(rows, SAMPLED), columns)) return false;
  const [a, b] = [tensorOf(table).data, tensorOf(weight).data];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (a[row * columns + column] !== b[column * rows + row]) return false;
    }
  }
  return true;
}
