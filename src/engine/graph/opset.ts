import { InputError } from "../model/job.ts";
import { own } from "../model/record.ts";
import type { Tensor } from "../model/tensor.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { INT4_IR, INT4_OPSET, isDefaultDomain, opsetOf, withOpset, withRuntimeDomain } from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf, tensorProto } from "../onnx/tensor.ts";
import { CONVERSIONS, type Conversion, UNCHANGED } from "./opsetRules.ts";
import { CONVERSIONS_21, UNCHANGED_21 } from "./opsetRules21.ts";
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
  const converted = convertGraph(graph, opset, TO_13, tensorNames(graph));
  return withFields(withOpset(raised, TARGET_OPSET), { graph: converted });
}

/**
 * A model of opset 13 or newer that may hold int4 tensors: raised to opset 21, or with ONNX Runtime's own operators
 * imported where an operator of the model has no known equal there. Tensors and nodes keep their names and order.
 */
export function allowInt4(model: ModelProto): ModelProto {
  const raised = model.irVersion < INT4_IR ? withFields(model, { irVersion: INT4_IR }) : model;
  const opset = opsetOf(model);
  if (opset >= INT4_OPSET) return raised;
  const graph = graphOf(model);
  try {
    const converted = convertGraph(graph, opset, TO_21, tensorNames(graph));
    return withFields(withOpset(raised, INT4_OPSET), { graph: converted });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return withRuntimeDomain(raised);
  }
}

/** What is known of operators between two opsets. */
interface Rules {
  readonly target: number;
  readonly conversions: typeof CONVERSIONS;
  readonly unchanged: ReadonlySet<string>;
}

const TO_13: Rules = { target: TARGET_OPSET, conversions: CONVERSIONS, unchanged: UNCHANGED };
const TO_21: Rules = { target: INT4_OPSET, conversions: CONVERSIONS_21, unchanged: UNCHANGED_21 };

function convertGraph(graph: GraphProto, opset: number, rules: Rules, names: Set<string>): GraphProto {
  const { target, conversions, unchanged } = rules;
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
        `Layer "${index.id(node)}" (${node.opType}, opset ${opset}) cannot be converted to opset ${target}: ${why}; export the model with opset ${target} or newer.`,
      ),
  });
  const node = graph.node.flatMap((old) => {
    const inner = convertSubgraphs(old, opset, rules, names);
    if (!isDefaultDomain(old.domain)) return [inner];
    const convert = own(conversions, old.opType);
    if (convert) return convert(conversion(old));
    if (!unchanged.has(old.opType)) throw conversion(old).fail("the operator is not known there");
    return [inner];
  });
  return withFields(graph, { node, initializer: [...graph.initializer, ...added] });
}

function convertSubgraphs(node: NodeProto, opset: number, rules: Rules, names: Set<string>): NodeProto {
  if (subgraphsOf(node).length === 0) return node;
  return withFields(node, {
    attribute: node.attribute.map((attribute) =>
      withFields(attribute, {
        g: attribute.g && convertGraph(attribute.g, opset, rules, names),
        graphs: attribute.graphs.map((graph) => convertGraph(graph, opset, rules, names)),
      }),
    ),
  });
}
