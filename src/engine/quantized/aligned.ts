import { intOf } from "../onnx/attributes.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { type ReadConstant, valuesOf } from "./constant.ts";
import type { FloatGraph, FloatLayer } from "./floatGraph.ts";
import { floatsOf } from "./floats.ts";

/** A float weight, and what a file has for it element by element. */
export interface Aligned {
  readonly float: Float32Array;
  readonly dims: readonly number[];
  /** The file's values, or what is given for its elements, in the order of `float`. */
  align(elements?: Float32Array): Float32Array;
}

/**
 * Layers of a prepared model by what they were before it: that of the same name and operator, or, where a BatchNormalization after it was
 * folded, the one whose product what they make follows from alone.
 */
export function originsOf(
  layers: readonly FloatLayer[],
  { index, layers: before }: FloatGraph,
): ReadonlyMap<FloatLayer, FloatLayer> {
  const named = new Map(before.map((layer) => [layer.id, layer]));
  const byNode = new Map(before.map((layer) => [layer.node, layer]));
  return new Map(
    layers.flatMap((layer) => {
      const own = named.get(layer.id);
      if (own?.operator === layer.operator) return [[layer, own] as const];
      const maker = index.producer(layer.node.output[0] ?? "");
      const scaled = maker?.opType === "BatchNormalization" ? index.producer(maker.input[0] ?? "") : undefined;
      const origin = scaled && byNode.get(scaled);
      return origin?.operator === layer.operator ? [[layer, origin] as const] : [];
    }),
  );
}

/** In each way that a weight may be a float one: in its shape, a matrix of a Gemm turned where the file has it turned; none in another shape. */
export function alignedTo(
  weight: ReadConstant,
  tensor: TensorProto,
  { node, operator }: FloatLayer,
): readonly Aligned[] {
  const dims = dimsOf(tensor);
  const isTurned = operator === "Gemm" && Boolean(intOf(node, "transB")) && weight.dims.length === 2;
  const own = weight.dims.join();
  const same = own === dims.join();
  const turned = isTurned && own === [...dims].reverse().join();
  const float = same || turned ? floatsOf(tensor) : null;
  if (!float) return [];
  const values = () => valuesOf(weight);
  const straight = { float, dims, align: (elements = values()) => elements };
  const other = { float, dims, align: (elements = values()) => turnedTo(dims, elements) };
  return [...(same ? [straight] : []), ...(turned ? [other] : [])];
}

/** A matrix [columns, rows] as [rows, columns]. */
function turnedTo([rows = 0, columns = 0]: readonly number[], values: Float32Array): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % columns) * rows + Math.floor(at / columns)] as number);
}
