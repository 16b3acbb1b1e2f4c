import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";

/** Takes initialisers out of the graph's inputs, where IR versions before 4 wanted them: they are constants here. */
export function hideInitializers(model: ModelProto): PassResult {
  const graph = graphOf(model);
  const { inputs } = new GraphIndex(graph);
  const hidden = graph.input.length - inputs.length;
  if (hidden === 0) return { model, changes: [] };
  const changes = [{ count: hidden, noun: "initialiser", what: "taken out of the inputs" }];
  return { model: withGraph(model, { input: [...inputs] }), changes };
}

/** Drops initialisers that nothing reads and types of tensors that are no more. */
export function dropUnread(model: ModelProto): ModelProto {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const isRead = (name: string) => index.isOutput(name) || index.uses(name).length > 0;
  const initializer = graph.initializer.filter(({ name }) => isRead(name));
  const valueInfo = graph.valueInfo.filter(({ name }) => index.has(name) && (index.producer(name) || isRead(name)));
  return withGraph(model, { initializer, valueInfo });
}

/** Operators that may have fewer outputs than they can give. */
const OPTIONAL_OUTPUTS = new Set(
  "BatchNormalization Dropout GRU LSTM LayerNormalization MaxPool RNN Unique".split(" "),
);

/**
 * Takes empty names off the end of nodes' outputs, which are left out either way: ONNX Runtime loads an 8-bit MaxPool that
 * has one, and fails at every run.
 */
export function dropEmptyOutputs(model: ModelProto): ModelProto {
  const graph = graphOf(model);
  const node = graph.node.map((each) => {
    const { output, opType, domain } = each;
    const length = output.findLastIndex(Boolean) + 1;
    if (length === output.length || !isDefaultDomain(domain) || !OPTIONAL_OUTPUTS.has(opType)) return each;
    return withFields(each, { output: output.slice(0, length) });
  });
  return withGraph(model, { node });
}
