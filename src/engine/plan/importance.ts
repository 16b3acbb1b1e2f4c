import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
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

/** Whether a float32 matrix is another one turned around. */
function isTurned(table: TensorProto, weight: TensorProto): boolean {
  const [rows = 0, columns = 0] = dimsOf(table);
  const [first, second] = dimsOf(weight);
  if (weight.dims.length !== 2 || first !== columns || second !== rows) return false;
  if (dataTypeOf(weight.dataType) !== "float32") return false;
  const [a, b] = [tensorOf(table).data, tensorOf(weight).data];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (a[row * columns + column] !== b[column * rows + row]) return false;
    }
  }
  return true;
}
