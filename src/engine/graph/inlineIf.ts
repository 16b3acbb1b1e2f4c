import { attributeOf, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, renameTensors, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { graphOf, type PassResult } from "./pass.ts";

/** Puts the branch that is taken in the place of each If whose condition is an initialiser. */
export function inlineConstantIfs(model: ModelProto): PassResult {
  let graph = graphOf(model);
  let count = 0;
  for (let found = constantIf(graph); found; found = constantIf(graph)) {
    graph = inline(graph, found.node, found.branch);
    count++;
  }
  if (count === 0) return { model, changes: [] };
  return {
    model: withFields(model, { graph }),
    changes: [{ count, noun: "If layer", what: "with a constant condition replaced by the branch taken" }],
  };
}

function constantIf(graph: GraphProto): { readonly node: NodeProto; readonly branch: GraphProto } | undefined {
  const index = new GraphIndex(graph);
  for (const node of graph.node) {
    const condition = index.initializer(node.input[0] ?? "");
    if (node.opType !== "If" || !isDefaultDomain(node.domain) || !condition) continue;
    const taken = tensorOf(condition).data[0] ? "then_branch" : "else_branch";
    const branch = attributeOf(node, taken)?.g;
    if (branch) return { node, branch };
  }
  return undefined;
}

function inline(graph: GraphProto, node: NodeProto, branch: GraphProto): GraphProto {
  const names = tensorNames(withFields(graph, { node: graph.node.filter((other) => other !== node) }));
  for (const output of node.output) names.add(output);
  const renames = new Map<string, string>();
  const copies: NodeProto[] = [];
  const made = new Set(branch.node.flatMap(({ output }) => output));
  for (const [i, { name }] of branch.output.entries()) {
    const output = node.output[i];
    if (!output) continue;
    if (made.has(name) && !renames.has(name)) renames.set(name, output);
    else copies.push(makeNode("Identity", [name], [output]));
  }
  for (const name of [...branch.initializer.map((tensor) => tensor.name), ...made]) {
    if (name && !renames.has(name)) renames.set(name, freshName(names, name));
  }
  const nodes = new Set(graph.node.filter((other) => other !== node).map(({ name }) => name));
  const body = [...branch.node, ...copies].map((inner) => {
    const renamed = renameTensors(inner, renames);
    return inner.name && nodes.has(inner.name) ? withFields(renamed, { name: freshName(nodes, inner.name) }) : renamed;
  });
  const initializer = branch.initializer.map((tensor) =>
    withFields(tensor, { name: renames.get(tensor.name) ?? tensor.name }),
  );
  return withFields(graph, {
    node: graph.node.flatMap((other) => (other === node ? body : [other])),
    initializer: [...graph.initializer, ...initializer],
  });
}
