import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { graphOf } from "./pass.ts";

const STORING = new Set(["QuantizeLinear", "DequantizeLinear", "Identity", "Cast"]);

/**
 * The tensor that goes into the Softmax or LogSoftmax which gives an output, by the output's name; of other outputs, nothing. An
 * output is followed back through what stores it in another type.
 */
export function beforeSoftmax(model: ModelProto): ReadonlyMap<string, string> {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  return new Map(
    graph.output.flatMap(({ name }) => {
      let node = index.producer(name);
      while (node && STORING.has(node.opType)) node = index.producer(node.input[0] as string);
      const isSoftmax = node?.opType === "Softmax" || node?.opType === "LogSoftmax";
      return isSoftmax ? [[name, node?.input[0] as string] as const] : [];
    }),
  );
}
