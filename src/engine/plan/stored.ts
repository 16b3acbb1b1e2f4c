import type { Reason } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Layer } from "../model/summary.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import type { KeptInput } from "../operators/operator.ts";
import { elementCount } from "../values/dims.ts";
import { type Scope, visitNested } from "./nested.ts";
import { isFiniteWeight } from "./weightUse.ts";

/** A weight kept in int8 in the file, of a layer that is computed in float. */
export interface StoredWeight extends KeptInput {
  readonly name: string;
  readonly tensor: TensorProto;
}

/** A layer that is computed in float whatever is chosen but has weights: a recurrent one, or one inside another operator. */
export interface StoredLayer {
  readonly layer: Layer;
  /** Those of its weights that are kept in int8. */
  readonly weights: readonly StoredWeight[];
  /** The operator whose graph it is in; null in the model's own graph. */
  readonly inside: string | null;
}

type StoredChoices = Pick<Recipe, "float" | "elementwise" | "unjoined">;

/**
 * The recurrent layers of a graph, the layers with weights in the graphs that its nodes hold, and those that the recipe names as
 * stored or that were decided to be. Their weights are in int8 whatever the recipe's type of weights: a state gathers error step by step.
 */
export function storedLayers(graph: GraphProto, { float, elementwise, unjoined }: StoredChoices): StoredLayer[] {
  const costly = new Set(elementwise === "auto" ? unjoined : []);
  const asked = (id: string): Reason | null =>
    float.stored?.includes(id) ? { code: "recipe-stored" } : costly.has(id) ? { code: "costly" } : null;
  const found: StoredLayer[] = [];
  visitNested(graph, (node, { id, index, scope, inside }) => {
    const keeping = keepingOf(node, index, scope, inside, asked(id));
    if (keeping) found.push(storedLayer(node, keeping, { id, scope, inside, float }));
  });
  return found;
}

/** What may be kept of a node's weights, and why the node is in float where nothing is. */
interface Keeping {
  readonly inputs: readonly KeptInput[];
  readonly reason: Reason;
}

/** Null for a node without weights, or that can be quantized as a whole and is not chosen to be stored. */
function keepingOf(
  node: NodeProto,
  index: GraphIndex,
  scope: Scope,
  inside: string | null,
  chosen: Reason | null,
): Keeping | null {
  const operator = operatorOf(node, index);
  const within: Reason | null = inside === null ? chosen : { code: "inside", operator: inside };
  if (operator?.kind === "float" && operator.keeps) {
    return { inputs: operator.keeps, reason: within ?? operator.reason };
  }
  if (operator?.kind !== "weighted" || within === null) return null;
  const positions = operator.factors === "second" ? [1] : [1, 0];
  const input = positions.find((at) => scope(node.input[at] ?? ""));
  if (input === undefined) return inside === null ? null : { inputs: [], reason: within };
  const rank = scope(node.input[input] ?? "")?.dims.length ?? 0;
  const axis = input === 1 && rank > 1 ? operator.channelAxis(node, rank) : null;
  return { inputs: [{ input, axes: axis === null ? [] : [axis] }], reason: within };
}

interface Place {
  readonly id: string;
  readonly scope: Scope;
  readonly inside: string | null;
  readonly float: Recipe["float"];
}

function storedLayer(node: NodeProto, { inputs, reason }: Keeping, { id, scope, inside, float }: Place): StoredLayer {
  const constants = node.input.filter(Boolean).flatMap((name) => scope(name) ?? []);
  const weights = inputs.flatMap((each) => {
    const name = node.input[each.input] ?? "";
    const weight = scope(name);
    return weight ? [{ ...each, name, tensor: weight, fault: faultOf(weight, each.axes) }] : [];
  });
  const chosen = chosenReason(node.opType, id, float);
  const kept = chosen ? [] : weights.filter(({ fault }) => fault === null);
  const fault =
    weights.find((each) => each.fault?.code === "weight-not-finite") ?? (inside === null ? weights[0] : null);
  const isFloat = kept.length === 0;
  const seen = (names: readonly string[]) => (inside === null ? names.filter(Boolean) : []);
  return {
    inside,
    weights: kept.map(({ name, tensor, input, axes }) => ({ name, tensor, input, axes })),
    layer: {
      id,
      operator: node.opType,
      inputs: seen(node.input),
      outputs: seen(node.output),
      parameters: [...new Set(constants)].reduce((sum, tensor) => sum + elementCount(dimsOf(tensor)), 0),
      weight: null,
      precision: isFloat ? "float32" : "int8",
      reason: chosen ?? (isFloat && reason.code !== "costly" ? (fault?.fault ?? reason) : storedReason(reason, inside)),
    },
  };
}

function storedReason(reason: Reason, inside: string | null): Reason {
  return reason.code === "recipe-stored" || reason.code === "costly" ? reason : { code: "stored", inside };
}

function chosenReason(operator: string, id: string, float: Recipe["float"]): Reason | null {
  if (float.layers.includes(id)) return { code: "recipe-layer" };
  return float.operators.includes(operator) ? { code: "recipe-operator", operator } : null;
}

/** What the names and nodes of a weight in int8 take, about. */
const bytesBeside = (name: string) => 200 + 6 * name.length;

function faultOf(weight: TensorProto, axes: readonly number[]): Reason | null {
  if (dataTypeOf(weight.dataType) !== "float32") return { code: "weight-type" };
  const dims = dimsOf(weight);
  if (dims.length < 2) return { code: "weight-vector" };
  const count = elementCount(dims);
  const scales = axes.reduce((product, axis) => product * (dims[axis] ?? 1), 1);
  const kept = count + 4 * scales + bytesBeside(weight.name);
  if (kept >= 4 * count) return { code: "weight-small" };
  return isFiniteWeight(weight) ? null : { code: "weight-not-finite", weight: weight.name };
}
