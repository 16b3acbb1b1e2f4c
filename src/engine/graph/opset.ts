import { InputError } from "../model/job.ts";
import { own } from "../model/record.ts";
import type { Tensor } from "../model/tensor.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import {
  BFLOAT_OPSET,
  INT2_IR,
  INT2_OPSET,
  INT4_IR,
  INT4_OPSET,
  isDefaultDomain,
  opsetOf,
  withDomain,
  withOpset,
} from "../onnx/opset.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf, tensorProto } from "../onnx/tensor.ts";
import { CONVERSIONS, type Conversion, UNCHANGED, without } from "./opsetRules.ts";
import { CONVERSIONS_7, UNCHANGED_7 } from "./opsetRules7.ts";
import { CONVERSIONS_21, UNCHANGED_21 } from "./opsetRules21.ts";
import { CONVERSIONS_25, UNCHANGED_25 } from "./opsetRules25.ts";
import { graphOf } from "./pass.ts";
import { inferRanks } from "./ranks.ts";

/** ONNX Runtime runs models from opset 7 on. */
const OLDEST_RUN = 7;

/** The model as it runs: itself, or raised where its opset is older. Throws InputError as convertOpset does. */
export function runnableOpset(model: ModelProto): ModelProto {
  return convertOpset(model, OLDEST_RUN);
}

/**
 * Raises the default operator set to the one whose rules are known and that reaches `lowest`, where it is lower, rewriting
 * the operators whose meaning or form changed, in subgraphs too, and the IR version with it.
 * @throws InputError naming an operator whose conversion is not known.
 */
export function convertOpset(model: ModelProto, lowest: number): ModelProto {
  return ALL_RULES.filter(({ from }) => from < lowest).reduce(raise, model);
}

function raise(model: ModelProto, rules: Rules): ModelProto {
  const raised = model.irVersion < rules.ir ? withFields(model, { irVersion: rules.ir }) : model;
  const opset = opsetOf(model);
  if (opset >= rules.target) return raised;
  const graph = graphOf(model);
  const converted = convertGraph(graph, opset, rules, tensorNames(graph));
  return withFields(withOpset(raised, rules.target), { graph: converted });
}

/**
 * A model of opset 13 or newer that may hold int4 tensors: raised to opset 21, or with a runtime's own operators
 * imported where an operator of the model has no known equal there. Tensors and nodes keep their names and order.
 * @throws InputError as convertOpset does, where the runtime has no operators of its own.
 */
export function allowInt4(model: ModelProto, ownDomain: string | null): ModelProto {
  try {
    return raise(model, TO_21);
  } catch (error) {
    if (!(error instanceof InputError) || ownDomain === null) throw error;
    return withDomain(model.irVersion < INT4_IR ? withFields(model, { irVersion: INT4_IR }) : model, ownDomain);
  }
}

/** A model of opset 13 or newer that may hold int2 tensors: raised to opset 25. Throws InputError as convertOpset does. */
export function allowInt2(model: ModelProto): ModelProto {
  return convertOpset(model, INT2_OPSET);
}

/**
 * A model of opset 13 or newer that may compute in bfloat16: raised to opset 22, of which convolutions and pools take it, or as far as the
 * operators of the model are known.
 */
export function allowBfloats(model: ModelProto): ModelProto {
  let raised = model;
  try {
    raised = raise(model, TO_21);
    return raise(raised, TO_22);
  } catch (error) {
    if (error instanceof InputError) return raised;
    throw error;
  }
}

/** What is known of operators between two opsets. */
interface Rules {
  /** The lowest opset that needs them, less one; what they raise to, and the IR version that came with it. */
  readonly from: number;
  readonly target: number;
  readonly ir: bigint;
  readonly conversions: typeof CONVERSIONS;
  readonly unchanged: ReadonlySet<string>;
}

/** IR versions: https://github.com/onnx/onnx/blob/main/docs/Versioning.md. */
const TO_7: Rules = { from: 0, target: 7, ir: 3n, conversions: CONVERSIONS_7, unchanged: UNCHANGED_7 };
const TO_13: Rules = { from: 7, target: 13, ir: 7n, conversions: CONVERSIONS, unchanged: UNCHANGED };
const TO_21: Rules = {
  from: 13,
  target: INT4_OPSET,
  ir: INT4_IR,
  conversions: CONVERSIONS_21,
  unchanged: UNCHANGED_21,
};
/** Opset 22 added types alone. */
const TO_22: Rules = {
  from: INT4_OPSET,
  target: BFLOAT_OPSET,
  ir: INT4_IR,
  conversions: {},
  unchanged: new Set([...UNCHANGED_25, ...Object.keys(CONVERSIONS_25)]),
};
const TO_25: Rules = {
  from: INT4_OPSET,
  target: INT2_OPSET,
  ir: INT2_IR,
  conversions: CONVERSIONS_25,
  unchanged: UNCHANGED_25,
};
const ALL_RULES: readonly Rules[] = [TO_7, TO_13, TO_21, TO_25];

function convertGraph(graph: GraphProto, opset: number, rules: Rules, names: Set<string>): GraphProto {
  const { target, conversions, unchanged } = rules;
  const index = new GraphIndex(graph);
  const ranks = inferRanks(graph);
  const added: TensorProto[] = [];
  const conversion = (node: NodeProto, written: NodeProto): Conversion => ({
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
        `Layer "${index.id(written)}" (${node.opType}, opset ${opset}) cannot be converted to opset ${target}: ${why}; export the model with opset ${target} or newer.`,
      ),
  });
  const node = graph.node.flatMap((written) => {
    const old = withoutConsumed(written, opset);
    const inner = convertSubgraphs(old, opset, rules, names);
    if (!isDefaultDomain(old.domain)) return [inner];
    const convert = own(conversions, old.opType);
    if (convert) return convert(conversion(old, written));
    if (!unchanged.has(old.opType)) throw conversion(old, written).fail("the operator is not known there");
    return [inner];
  });
  return withFields(graph, { node, initializer: [...graph.initializer, ...added] });
}

/** Before opset 6 a node said which of its inputs it may overwrite, which changes nothing that is computed. */
function withoutConsumed(node: NodeProto, opset: number): NodeProto {
  return opset < 6 ? withFields(node, { attribute: without(node, "consumed_inputs") }) : node;
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
