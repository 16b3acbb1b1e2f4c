import { InputError } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain, opsetOf, withOpset } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf, tensorProto } from "../onnx/tensor.ts";
import { CONVERSIONS, type Conversion, UNCHANGED } from "./opsetRules.ts";
import { graphOf } from "./pass.ts";
import { inferRanks } from "./ranks.ts";

/** The first opset whose QuantizeLinear and DequantizeLinear have `axis`. */
const TARGET_OPSET = 13;
/** https://github.com/onnx/onnx/blob/main/docs/Versioning.md: the IR version that opset 13 came with. */
const TARGET_IR = 7n;
/** ONNX Runtime runs models from opset 7 on. */
const OLDEST_OPSET = 7;

/**
 * Raises the default operator set to 13 when it is lower, rewriting the operators whose meaning or form changed, in
 * subgraphs too, and the IR version with it.
 * @throws InputError naming an operator whose conversion is not known.
 */
export function convertOpset(model: ModelProto): ModelProto {
  const opset = opsetOf(model);
  const raised = model.irVersion < TARGET_IR ? withFields(model, { irVersion: TARGET_IR }) : model;
  if (opset >= TARGET_OPSET) return raised;
  if (opset < OLDEST_OPSET) {
    throw new InputError(
      `The model uses opset ${opset}, older than ONNX Runtime runs; export it with opset ${TARGET_OPSET} or newer.`,
    );
  }
  const graph = graphOf(model);
  const converted = convertGraph(graph, opset, tensorNames(graph));
  return withFields(withOpset(raised, TARGET_OPSET), { graph: converted });
}

function convertGraph(graph: GraphProto, opset: number, names: Set<string>): GraphProto {
  const index = new GraphIndex(graph);
  const ranks = inferRanks(graph);
  const added: TensorProto[] = [];
  const conversion = (node: NodeProto): Conversion => ({
    node,
    opset,
    constant(role: string, tensor: Tensor): string {
      const name = freshName(names, `${node.output[0]}.${role}`);
      added.push(tensorProto(name, tensor));
      return name;
    },
    tensor: (role: string) => freshName(names, `${node.output[0]}.${role}`),
    rank: (tensor: string) => ranks.get(tensor),
    value(tensor: string): Tensor | undefined {
      const constant = index.initializer(tensor);
      return constant && tensorOf(constant);
    },
    isRead: (tensor: string) => index.isOutput(tensor) || index.uses(tensor).length > 0,
    fail: (why: string) =>
      new InputError(
        `Layer "${index.id(node)}" (${node.opType}, opset ${opset}) cannot be converted to opset ${TARGET_OPSET}: ${why}; export the model with opset ${TARGET_OPSET} or newer.`,
      ),
  });
  const node = graph.node.flatMap((old) => {
    const inner = convertSubgraphs(old, opset, names);
    if (!isDefaultDomain(old.domain)) return [inner];
    const convert = CONVERSIONS[old.opType];
    if (convert) return convert(conversion(old));
    if (!UNCHANGED.has(old.opType)) throw conversion(old).fail("the operator is not known there");
    return [inner];
  });
  return withFields(graph, { node, initializer: [...graph.initializer, ...added] });
}

function convertSubgraphs(node: NodeProto, opset: number, names: Set<string>): NodeProto {
  if (subgraphsOf(node).length === 0) return node;
  return withFields(node, {
    attribute: node.attribute.map((attribute) =>
      withFields(attribute, {
        g: attribute.g && convertGraph(attribute.g, opset, names),
        graphs: attribute.graphs.map((graph) => convertGraph(graph, opset, names)),
      }),
    ),
  });
}
