import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { withElementType } from "./integerEnds.ts";

/**
 * A model whose int8 inputs and outputs are float32 again, as callers of `withIntegerEnds` round and scale them: the inputs that nothing but
 * DequantizeLinear reads, and outputs that QuantizeLinear makes. Others stay as they are; with none of them it is the same object.
 */
export function withFloatEnds(model: ModelProto): ModelProto {
  const { graph } = model;
  if (!graph) return model;
  const index = new GraphIndex(graph);
  const names = tensorNames(graph);
  const renamed = new Map<string, string>();
  const before: NodeProto[] = [];
  const after: NodeProto[] = [];
  const input = graph.input.map((info) => {
    const uses = index.uses(info.name);
    const [reader] = uses.flatMap(({ node }) => (node.opType === "DequantizeLinear" ? [node] : []));
    const isRead = uses.every(({ node }) => node.opType === "DequantizeLinear");
    if (!reader || !isRead || index.isOutput(info.name) || index.initializer(info.name)) return info;
    const codes = freshName(names, `${info.name}_codes`);
    renamed.set(info.name, codes);
    before.push(makeNode("QuantizeLinear", [info.name, ...reader.input.slice(1)], [codes], { name: codes }));
    return withElementType(info, "float32");
  });
  const output = graph.output.map((info) => {
    const maker = index.producer(info.name);
    if (maker?.opType !== "QuantizeLinear") return info;
    const codes = freshName(names, `${info.name}_codes`);
    renamed.set(info.name, codes);
    after.push(makeNode("DequantizeLinear", [codes, ...maker.input.slice(1)], [info.name], { name: codes }));
    return withElementType(info, "float32");
  });
  if (renamed.size === 0) return model;
  const anew = (name: string) => renamed.get(name) ?? name;
  const node = graph.node.map((each) =>
    withFields(each, { input: each.input.map(anew), output: each.output.map(anew) }),
  );
  return withFields(model, {
    graph: withFields(graph, { input, output, node: [...before, ...node, ...after] }),
  });
}
