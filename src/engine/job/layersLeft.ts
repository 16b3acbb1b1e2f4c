import { InputError } from "../model/job.ts";
import { quantizedOperator } from "../onnx/checks.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { allNodes, isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { OPERATORS } from "../operators/index.ts";
import { isDequantizer, layersInIntegers } from "../operators/quantizing.ts";

/**
 * Refuses a model that is quantized already and has no layer with weights, nor any that multiplies activations, in float.
 * `prepared` is what preparing made of it. Throws InputError naming the file and an operator.
 */
export function assertLayersLeft(model: ModelProto, prepared: ModelProto, fileName: string): void {
  const operator = quantizedOperator(model);
  if (operator === null || !prepared.graph || hasFloatLayers(prepared.graph)) return;
  const folds = [...allNodes(prepared.graph)].some(isDequantizer)
    ? ", or fold its integers back to float32 (octet quantize --quantized fold)"
    : "";
  throw new InputError(
    `"${fileName}" is already quantized (it has a ${operator} layer) and has no layer left in float; choose the float model it was made from${folds}.`,
  );
}

/** Whether a layer with weights, or one that multiplies activations, is in float. */
export function hasFloatLayers(graph: GraphProto): boolean {
  const kept = layersInIntegers(new GraphIndex(graph));
  return [...allNodes(graph)].some((node) => multiplies(node) && !kept.has(node));
}

function multiplies({ domain, opType }: NodeProto): boolean {
  if (!isDefaultDomain(domain)) return false;
  return OPERATORS.get(opType)?.kind === "weighted" || ["LSTM", "GRU", "RNN"].includes(opType);
}
