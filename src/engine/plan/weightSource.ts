import type { WeightSource } from "../encode/weight.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, passingFloats, storedFloats, tensorOf } from "../onnx/tensor.ts";
import { deferredOf } from "../onnx/tensorBytes.ts";
import type { Candidate } from "./candidates.ts";
import type { RunTimeKernel } from "./dynamic.ts";
import { inputImportance } from "./importance.ts";
import type { WeightUse } from "./weightUse.ts";

/** The weight of a layer as it is encoded, out of the graph that `index` asks. */
export function weightSource(
  { node, descriptor, runTime }: Pick<Candidate, "node" | "descriptor"> & { readonly runTime?: RunTimeKernel | null },
  use: WeightUse,
  index: GraphIndex,
): WeightSource {
  const { name, axis, hasChannelScales, blockAxis, bias } = use;
  const proto = index.initializer(name) as TensorProto;
  const dims = dimsOf(proto);
  const reduction = axis !== null && descriptor?.kind === "weighted" ? descriptor.reduction(node, dims) : null;
  // ConvInteger takes unsigned weights, whose products are not added in 16 bits.
  const isPaired = runTime === "integer" && node.opType !== "Conv";
  return {
    key: proto,
    name,
    dims,
    channelAxis: axis,
    hasChannelScales,
    reduction: reduction && { ...reduction, paired: reduction.paired && (!runTime || isPaired) },
    blockAxis,
    importance: blockAxis === null ? null : inputImportance(node, use, index),
    isDeferred: deferredOf(proto) !== null,
    read: storedFloats(proto),
    values: () => passingFloats(proto),
    hasOwnBias: bias !== null && node.input.includes(bias.name),
    bias: bias && (() => tensorOf(index.initializer(bias.name) as TensorProto).data as Float32Array),
  };
}
