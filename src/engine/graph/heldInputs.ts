import type { TensorMap } from "../model/tensor.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import { capturedBy } from "../onnx/graph.ts";
import { freshName, renameTensors, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorProto } from "../onnx/tensor.ts";
import { graphOf, withGraph } from "./pass.ts";

/** The model with constants read in the place of inputs, which stay among its inputs. */
export function holdInputs(model: ModelProto, held: TensorMap): ModelProto {
  const graph = graphOf(model);
  const names = tensorNames(graph);
  const renames = new Map([...held.keys()].map((name) => [name, freshName(names, `${name}_held`)]));
  const constants = [...held].map(([name, tensor]) => tensorProto(renames.get(name) ?? name, tensor));
  return withGraph(model, {
    node: graph.node.map((node) => renameTensors(node, renames)),
    initializer: [...graph.initializer, ...constants],
  });
}

/** Which of the tensors the condition of each If, at any depth, may follow from. The graph is in topological order. */
export function conditionsOf(
  model: ModelProto,
  tensors: Iterable<string>,
): readonly { readonly node: NodeProto; readonly sources: ReadonlySet<string> }[] {
  const found: { readonly node: NodeProto; readonly sources: ReadonlySet<string> }[] = [];
  const visit = (graph: GraphProto, outer: ReadonlyMap<string, ReadonlySet<string>>) => {
    const sources = new Map(outer);
    const sourcesOf = (names: Iterable<string>) =>
      new Set([...names].flatMap((name) => [...(sources.get(name) ?? [])]));
    for (const node of graph.node) {
      const read = sourcesOf([...node.input, ...capturedBy(node)]);
      if (node.opType === "If" && isDefaultDomain(node.domain)) found.push({ node, sources: sourcesOf(node.input) });
      for (const inner of subgraphsOf(node)) visit(inner, withAll(sources, inner.input, read));
      for (const output of node.output) sources.set(output, read);
    }
  };
  visit(graphOf(model), new Map([...tensors].map((name) => [name, new Set([name])])));
  return found;
}

function withAll<T>(map: ReadonlyMap<string, T>, keys: readonly { readonly name: string }[], value: T): Map<string, T> {
  return new Map([...map, ...keys.map(({ name }): [string, T] => [name, value])]);
}
