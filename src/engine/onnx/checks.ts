import { InputError } from "../model/job.ts";
import { intOf, subgraphsOf } from "./attributes.ts";
import { allNodes, isDefaultDomain } from "./opset.ts";
import { TensorProto_DataType as Code, type GraphProto, type ModelProto, type NodeProto } from "./proto/onnx_pb.ts";

/** Operators of ONNX and of ONNX Runtime (com.microsoft) that work on quantized tensors. */
const QUANTIZED = [
  /^(Dynamic)?Quantize/,
  /^Dequantize/,
  /^Q[A-Z]/,
  /Integer(ToFloat)?$/,
  /^MatMul(NBits|Bnb4|FpQ4)$/,
  /BlockQuantized$/,
];

const RUNTIME_DOMAINS = new Set(["ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"]);

/**
 * Refuses what cannot be run here, functions of the model being inlined: a model with operators that ONNX Runtime does not have,
 * one in training mode, one without outputs.
 * @throws InputError naming the file and the operator.
 */
export function assertSupported(model: ModelProto, fileName: string): void {
  const file = `"${fileName}"`;
  const { graph } = model;
  if (!graph || graph.output.length === 0) {
    throw new InputError(`${file} has no outputs, so there is nothing to compute; export the model again.`);
  }
  const nodes = nodesOf(model);

  const custom = nodes.find(({ domain }) => !isKnownDomain(domain));
  if (custom) {
    throw new InputError(
      `${file} uses the operator ${custom.domain}.${custom.opType}, which ONNX Runtime does not have; export the model without it.`,
    );
  }
  const training = nodes.filter(isTraining);
  const constants = training.length > 0 ? constantTensors(graph) : new Set<string>();
  if (model.trainingInfo.length > 0 || training.some(({ input }) => !constants.has(input[0] ?? ""))) {
    throw new InputError(`${file} was exported in training mode; export it in inference mode.`);
  }
}

/** The type of the first operator that works on quantized tensors; null in a float model. */
export function quantizedOperator(model: ModelProto): string | null {
  return nodesOf(model).find(worksOnQuantized)?.opType ?? null;
}

/** Whether a node is an operator on quantized tensors, or makes or reads such. */
export function worksOnQuantized({ domain, opType }: NodeProto): boolean {
  return isKnownDomain(domain) && QUANTIZED.some((name) => name.test(opType));
}

/** Whether weights are kept in integers and cast to float, as Octet writes those of layers that are computed in float. */
export function keepsIntegers({ graph }: ModelProto): boolean {
  return graph !== undefined && castsCodes(graph);
}

function castsCodes(graph: GraphProto): boolean {
  const codes = new Set(
    graph.initializer.filter(({ dataType, dims }) => dataType === Code.INT8 && dims.length > 1).map(({ name }) => name),
  );
  return graph.node.some(
    (node) => (node.opType === "Cast" && codes.has(node.input[0] ?? "")) || subgraphsOf(node).some(castsCodes),
  );
}

function nodesOf({ graph, functions }: ModelProto): NodeProto[] {
  return [...(graph ? allNodes(graph) : []), ...functions.flatMap(({ node }) => node)];
}

function isKnownDomain(domain: string): boolean {
  return isDefaultDomain(domain) || RUNTIME_DOMAINS.has(domain);
}

/** What follows from initialisers alone: a weight that is standardised by BatchNormalization in training is one. */
function constantTensors({ initializer, node }: GraphProto): ReadonlySet<string> {
  const constants = new Set(initializer.map(({ name }) => name));
  let known = -1;
  while (constants.size > known) {
    known = constants.size;
    for (const { opType, input, output } of node) {
      const reads = input.filter(Boolean);
      if (reads.length === 0 ? opType !== "Constant" : !reads.every((name) => constants.has(name))) continue;
      for (const name of output) if (name) constants.add(name);
    }
  }
  return constants;
}

function isTraining(node: NodeProto): boolean {
  return node.opType === "BatchNormalization" && isDefaultDomain(node.domain) && intOf(node, "training_mode") === 1;
}
