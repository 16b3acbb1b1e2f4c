import { GraphIndex } from "../onnx/graph.ts";
import { renameTensors } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";

/**
 * Removes Identity and inference Dropout, of constants or of activations: their readers read what they read. One that
 * makes a graph output stays, for outputs keep their names.
 */
export function removeIdentities(model: ModelProto, of: "constants" | "activations"): PassResult {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const sources = new Map<string, string>();
  const node: NodeProto[] = [];
  for (const candidate of graph.node) {
    const [input = "", output = ""] = [candidate.input[0], candidate.output[0]];
    const source = sources.get(input) ?? input;
    const chosen = (index.initializer(source) !== undefined) === (of === "constants");
    if (chosen && copiesItsInput(candidate, index) && !index.isOutput(output)) sources.set(output, source);
    else node.push(renameTensors(candidate, sources));
  }
  if (sources.size === 0) return { model, changes: [] };
  const changes = [{ count: sources.size, noun: "Identity or Dropout layer", what: `of ${of} removed` }];
  return { model: withGraph(model, { node }), changes };
}

function copiesItsInput(node: NodeProto, index: GraphIndex): boolean {
  if (!isDefaultDomain(node.domain)) return false;
  if (node.opType === "Identity") return true;
  if (node.opType !== "Dropout") return false;
  const [, mask] = node.output;
  if (mask && (index.isOutput(mask) || index.uses(mask).length > 0)) return false;
  return !isTraining(node, index);
}

/** Dropout trains when its third input (opset 12) says so. */
function isTraining(node: NodeProto, index: GraphIndex): boolean {
  const flag = node.input[2];
  if (!flag) return false;
  const constant = index.initializer(flag);
  return !constant || tensorOf(constant).data[0] !== 0;
}
