import type { Reason } from "../model/reason.ts";
import { type Recipe, storedTypeOf } from "../model/recipe.ts";
import type { Layer } from "../model/summary.ts";
import type { Reduction } from "../numerics/reduction.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { type Scope, visitNested } from "../onnx/nested.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, passingFloats } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import type { KeptInput } from "../operators/operator.ts";
import type { Target } from "../targets/target.ts";
import { STORED_BLOCK, type StoredType } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { HALF_LARGEST } from "../values/halfFloats.ts";
import type { RunTimeKernel } from "./dynamic.ts";
import { recurrentKernel } from "./recurrentKernel.ts";
import { isFiniteWeight } from "./weightUse.ts";
import { widerLayers } from "./widerLayers.ts";

/** A weight kept in fewer bits in the file, of a layer that is computed in float, or that finds the scales of its activations itself. */
export interface StoredWeight extends KeptInput {
  readonly name: string;
  readonly tensor: TensorProto;
  readonly type: StoredType;
  /** The axis of inputs, along which values of int4 share scales in blocks; null where they do not. */
  readonly blockAxis: number | null;
  /** Whether a kernel multiplies its codes. */
  readonly isMultiplied: boolean;
  /** The order in which products are added up, where rounding errors of an output channel are to cancel. */
  readonly reduction?: Reduction | null;
}

/** A layer with weights that gets no scales of activations, whatever is chosen: a recurrent one, or one inside another operator. */
export interface StoredLayer {
  readonly layer: Layer;
  /** Whether it is computed in float, or in integers by an operator of the runtime's own. */
  readonly runTime: RunTimeKernel;
  /** Those of its weights that are kept in fewer bits. */
  readonly weights: readonly StoredWeight[];
  /** The operator whose graph it is in; null in the model's own graph. */
  readonly inside: string | null;
}

type StoredChoices = Pick<Recipe, "format" | "float" | "weights" | "elementwise" | "unjoined">;

/**
 * The recurrent layers of a graph, the layers with weights in the graphs that its nodes hold, and those that the recipe names as
 * stored or that were decided to be. Their weights are in int8 whatever the recipe's type of weights, since a state gathers error step
 * by step, or in the type that the recipe names for the layer, or that those have which no blocks fit (widerLayers.ts). Where scales of activations are found at run time, an LSTM is computed in
 * integers if the target does that.
 */
export function storedLayers(graph: GraphProto, choices: StoredChoices, target: Target): StoredLayer[] {
  const { format, float, elementwise, unjoined } = choices;
  const wider = widerLayers(new GraphIndex(graph), target, choices);
  const costly = new Set(elementwise === "auto" ? unjoined : []);
  const chosen = (id: string) => storedTypeOf(float, id);
  const asked = (id: string): Reason | null =>
    chosen(id) !== null
      ? { code: "recipe-stored", type: chosen(id)! }
      : costly.has(id)
        ? { code: "costly" }
        : wider.has(id)
          ? { code: "no-blocks", type: wider.get(id)! }
          : null;
  const found: StoredLayer[] = [];
  visitNested(graph, (node, { id, index, scope, inside }) => {
    const keeping = keepingOf(node, index, scope, inside, asked(id));
    const atRunTime = format === "dynamic" && asked(id) === null ? target : null;
    const type = chosen(id) ?? wider.get(id) ?? "int8";
    if (keeping) found.push(storedLayer(node, keeping, { id, scope, inside, float, type, atRunTime }));
  });
  return found;
}

/** What may be kept of a node's weights, and why the node is in float where nothing is. */
interface Keeping {
  readonly inputs: readonly (KeptInput & Pick<StoredWeight, "blockAxis" | "reduction">)[];
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
    const inputs = operator.keeps.map((kept) => ({ ...kept, blockAxis: kept.axes.length }));
    return { inputs, reason: within ?? operator.reason };
  }
  if (operator?.kind !== "weighted" || within === null) return null;
  const positions = operator.factors === "second" ? [1] : [1, 0];
  const input = positions.find((at) => scope(node.input[at] ?? ""));
  if (input === undefined) return inside === null ? null : { inputs: [], reason: within };
  const rank = scope(node.input[input] ?? "")?.dims.length ?? 0;
  const axis = input === 1 && rank > 1 ? operator.channelAxis(node, rank) : null;
  const inputAxis = operator.inputAxis?.(node, rank, input);
  const blockAxis = inputAxis ?? (axis === null || rank < 2 ? null : 1 - axis);
  const axes = axis === null ? [] : [axis];
  const weight = scope(node.input[input] ?? "");
  // Samples that decided it correct its bias too, which leaves nothing to balance.
  const isBalanced = within.code !== "costly" && weight !== undefined && axis !== null;
  const reduction = isBalanced ? operator.reduction(node, dimsOf(weight)) : null;
  return { inputs: [{ input, axes, blockAxis, reduction }], reason: within };
}

interface Place {
  readonly id: string;
  readonly scope: Scope;
  readonly inside: string | null;
  readonly float: Recipe["float"];
  readonly type: StoredType;
  /** What finds scales of activations as it runs; null where they are not found so. */
  readonly atRunTime: Target | null;
}

const STORED: ReturnType<typeof recurrentKernel> = { runTime: "stored" };

function storedLayer(
  node: NodeProto,
  { inputs, reason }: Keeping,
  { id, scope, inside, float, type, atRunTime }: Place,
): StoredLayer {
  const constants = node.input.filter(Boolean).flatMap((name) => scope(name) ?? []);
  const weights = inputs.flatMap((each) => {
    const name = node.input[each.input] ?? "";
    const tensor = scope(name);
    if (!tensor) return [];
    const blockAxis = blocked(tensor, each.blockAxis);
    const kept: StoredWeight = { ...each, name, tensor, type, blockAxis, isMultiplied: false };
    return [{ kept, fault: faultOf(kept) }];
  });
  const chosen = chosenReason(node.opType, id, float);
  const stored = chosen ? [] : weights.filter(({ fault }) => fault === null);
  const fault =
    weights.find((each) => each.fault?.code === "weight-not-finite") ?? (inside === null ? weights[0] : null);
  const isFloat = stored.length === 0;
  const kept = stored.map((each) => each.kept);
  const { runTime, cells } = atRunTime ? recurrentKernel(node, kept, atRunTime) : STORED;
  const isMultiplied = runTime === "integer";
  const seen = (names: readonly string[]) => (inside === null ? names.filter(Boolean) : []);
  return {
    inside,
    runTime,
    weights: kept.map((each) => ({ ...each, isMultiplied })),
    layer: {
      id,
      operator: node.opType,
      inputs: seen(node.input),
      outputs: seen(node.output),
      parameters: [...new Set(constants)].reduce((sum, tensor) => sum + elementCount(dimsOf(tensor)), 0),
      weight: null,
      precision: isFloat ? "float32" : type,
      reason: isMultiplied
        ? null
        : (chosen ??
          (isFloat && reason.code !== "costly" ? (fault?.fault ?? reason) : storedReason(reason, inside, cells))),
    },
  };
}

function storedReason(reason: Reason, inside: string | null, cells: number | undefined): Reason {
  if (reason.code === "recipe-stored" || reason.code === "costly" || reason.code === "no-blocks") return reason;
  return { code: "stored", inside, ...(cells !== undefined && { cells }) };
}

function chosenReason(operator: string, id: string, float: Recipe["float"]): Reason | null {
  if (float.layers.includes(id)) return { code: "recipe-layer" };
  return float.operators.includes(operator) ? { code: "recipe-operator", operator } : null;
}

/** What the names and nodes of a weight in int8 take, about. */
const bytesBeside = (name: string) => 200 + 6 * name.length;

/** Fewer values than half a block have one scale with all of their channel. */
function blocked(tensor: TensorProto, axis: number | null): number | null {
  return axis !== null && Number(tensor.dims[axis] ?? 0) >= STORED_BLOCK / 2 ? axis : null;
}

function faultOf({ tensor, axes, type, blockAxis }: StoredWeight): Reason | null {
  if (dataTypeOf(tensor.dataType) !== "float32") return { code: "weight-type" };
  const dims = dimsOf(tensor);
  if (dims.length < 2) return { code: "weight-vector" };
  const count = elementCount(dims);
  const channels = axes.reduce((product, axis) => product * (dims[axis] ?? 1), 1);
  const blocks =
    blockAxis === null ? channels : (count / dims[blockAxis]!) * Math.ceil(dims[blockAxis]! / STORED_BLOCK);
  const kept = { int8: count + 4 * channels, float16: 2 * count, int4: count / 2 + 2 * blocks }[type];
  if (kept + bytesBeside(tensor.name) >= 4 * count) return { code: "weight-small", type };
  if (!isFiniteWeight(tensor)) return { code: "weight-not-finite", weight: tensor.name };
  const isLarge = type === "float16" && passingFloats(tensor).some((value) => Math.abs(value) > HALF_LARGEST);
  return isLarge ? { code: "too-large", tensor: tensor.name } : null;
}
