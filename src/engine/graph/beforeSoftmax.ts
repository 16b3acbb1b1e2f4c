import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { graphOf } from "./pass.ts";

const STORING = new Set(["QuantizeLinear", "DequantizeLinear", "Identity", "Cast"]);

/**
 * The tensor that goes into the Softmax or LogSoftmax which gives an output, by the output's name; of other outputs, nothing. An
 * output is followed back through what stores it in another type.
 */
export function beforeSoftmax(model: ModelProto): ReadonlyMap<string, string> {
  const { node: nodes, output } = graphOf(model);
  const producers = new Map<string, NodeProto>();
  for (const node of nodes) for (const name of node.output) producers.set(name, node);
  return new Map(
    output.flatMap(({ name }) => {
      let node = producers.get(name);
      while (node && STORING.has(node.opType)) node = producers.get(node.input[0] as string);
      const isSoftmax = node?.opType === "Softmax" || node?.opType === "LogSoftmax";
      return isSoftmax ? [[name, node?.input[0] as string] as const] : [];
    }),
  );
}
