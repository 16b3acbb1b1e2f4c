import { takesRanges } from "../model/format.ts";
import type { Range } from "../model/range.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import type { Layer, RangeGroup } from "../model/summary.ts";
import type { Port } from "../model/tensor.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { gridOf, isDequantizer, isQuantizer } from "../operators/quantizing.ts";
import type { Target } from "../targets/target.ts";
import { precisionOf } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { askedWide, isAllWide } from "./askedWide.ts";
import { type BfloatPlan, planBfloats } from "./bfloatPlan.ts";
import { withBlocks } from "./blocksInHalf.ts";
import { type Activations, type Candidate, candidatesOf, type PlanChoices } from "./candidates.ts";
import { type RunTimeKernel, runTimeKernel, settleAtRunTime } from "./dynamic.ts";
import { flatBelow } from "./flatBelow.ts";
import { type HalfPlan, planHalves } from "./halfPlan.ts";
import { withOneScale } from "./oneScale.ts";
import { withOperands } from "./operands.ts";
import { type OwnOperator, ownOperator } from "./ownOperator.ts";
import { type Settled, settleLayers, settleWeights } from "./settle.ts";
import { bfloat16At } from "./shortFloat.ts";
import { type StoredLayer, storedLayers } from "./stored.ts";
import { endsOf, leastRanges } from "./unseen.ts";
import { weightUse } from "./weightUse.ts";
import { withWideLayers, withWidths } from "./widths.ts";

export interface LayerPlan extends Layer, Pick<Candidate, "node" | "descriptor" | "weightUse" | "follower"> {
  /** The operator of the runtime's own that it becomes; null where it stays what it is. */
  readonly ownOperator: OwnOperator | null;
  /** How it is computed where the scales of activations are found at run time; null in other formats. */
  readonly runTime: RunTimeKernel | null;
}

/** What of a recipe and a model decides which kernels a target finds for what is written of activations that are rounded. */
export interface WrittenForm {
  readonly format: Recipe["format"];
  readonly activations: Recipe["activations"] | undefined;
  /** The dimensions of an activation, those that are open by symbol; undefined where nothing says them. */
  readonly shapeOf: ShapeOf;
  /** Of the model; 0 where nothing says it. */
  readonly opset: number;
}

type ShapeOf = (tensor: string) => Port["dims"] | undefined;

export interface QuantizationPlan {
  readonly target: Target;
  readonly index: GraphIndex;
  readonly layers: readonly LayerPlan[];
  readonly groups: readonly RangeGroup[];
  /** The group of each quantized activation. */
  readonly groupOf: ReadonlyMap<string, string>;
  /** Layers with weights that are computed in float: recurrent ones, and those inside others. */
  readonly stored: readonly StoredLayer[];
  /** Whether int32 biases get zero points, which can be no other than 0: recipes of before join all, and give the bytes that they gave. */
  readonly writesBiasZeros: boolean;
  /** Whether constants that are the same are written each for itself, as recipes of before have it. */
  readonly keepsCopies: boolean;
  /** What is in float16, or computed in bfloat16; null of formats that have none. */
  readonly half: HalfPlan | null;
  /** What is kept in bfloat16; null likewise. */
  readonly bfloat: BfloatPlan | null;
  /** Null of formats that round no activations to codes of a scale of their own. */
  readonly written: WrittenForm | null;
}

/**
 * Decides what is quantized in a prepared graph for a target, and which activations share parameters. `types` gives the element
 * type of every activation, `shapeOf` its dimensions, where they are known; `opset` is the model's.
 */
export function planQuantization(
  graph: GraphProto,
  types: ReadonlyMap<string, DataType | "other">,
  choices: PlanChoices,
  target: Target,
  shapeOf: ShapeOf = () => undefined,
  opset = 0,
): QuantizationPlan {
  if (choices.format === "float16") return planHalves(graph, types, choices, target);
  if (choices.format === "bfloat16") {
    if (target.computesBfloats) return planHalves(graph, types, choices, target, bfloat16At(opset));
    return planBfloats(graph, choices.float, target);
  }
  const index = new GraphIndex(graph);
  const excluded = new Set(choices.float.tensors);
  const spared = new Map(Object.entries(choices.spared ?? {}).filter(([tensor]) => !excluded.has(tensor)));
  const activations: Activations = {
    has: (tensor) => types.get(tensor) === "float32" && !index.initializer(tensor),
    isExcluded: (tensor) => takesRanges(choices) && (excluded.has(tensor) || spared.has(tensor)),
    wouldLose: (tensor) => spared.get(tensor),
    typeOf: (tensor) => types.get(tensor),
    rankOf: (tensor) => (index.initializer(tensor)?.dims ?? shapeOf(tensor))?.length,
  };
  const candidates = candidatesOf(index, activations, target, choices);
  const settled = takesRanges(choices)
    ? settleLayers(candidates, index, activations, target)
    : choices.format === "dynamic"
      ? settleAtRunTime(candidates)
      : settleWeights(candidates);
  const stored = storedLayers(graph, choices, target);
  const kept = new Map(stored.flatMap(({ layer, inside }) => (inside === null ? [[layer.id, layer] as const] : [])));
  const each = [...candidates.values()].map((candidate): LayerPlan => {
    const layer = toLayer(candidate, settled, index, target, choices);
    return { ...layer, ...kept.get(layer.id) };
  });
  const layers = withWideLayers(each, askedWide(choices), index);
  if (choices.format === "q4f16") return withBlocks(planHalves(graph, types, choices, target), layers);
  const own = gatherGroups(layers, settled, index, target, choices);
  const isApart = choices.elementwise === "join" && target.hasPast;
  const grouped = target.joinsOnOneScale ? withOneScale(own, layers) : isApart ? own : withOperands(own, layers, index);
  return {
    target,
    index,
    layers,
    ...grouped,
    stored,
    writesBiasZeros: isApart,
    keepsCopies: isApart,
    half: null,
    bfloat: null,
    written: takesRanges(choices) ? { format: choices.format, activations: choices.activations, shapeOf, opset } : null,
  };
}

/** The same decisions on a graph that differs in its constants only: its nodes are those of the plan's, in their order. */
export function planOn(plan: QuantizationPlan, graph: GraphProto): QuantizationPlan {
  if (graph === plan.index.graph) return plan;
  const index = new GraphIndex(graph);
  const layers = plan.layers.map((layer, position): LayerPlan => {
    const node = graph.node[position] as NodeProto;
    const { descriptor } = layer;
    const use =
      layer.weightUse && descriptor?.kind === "weighted"
        ? weightUse(node, descriptor, index, plan.target)
        : layer.weightUse;
    const inputs = node.input.filter(Boolean);
    const weight = use && "code" in use ? null : use;
    return { ...layer, node, inputs, parameters: parametersOf(node, index), weightUse: weight };
  });
  return { ...plan, index, layers };
}

function toLayer(
  { node, descriptor, weightUse, follower }: Candidate,
  { reasons }: Settled,
  index: GraphIndex,
  target: Target,
  choices: PlanChoices,
): LayerPlan {
  const { format, weights, activations } = choices;
  const id = index.id(node);
  const reason = reasons.get(node) ?? null;
  const isFloat = reason !== null;
  const made = activations ? precisionOf(activations.type) : "int8";
  return {
    id,
    operator: node.opType,
    inputs: node.input.filter(Boolean),
    outputs: node.output.filter(Boolean),
    parameters: parametersOf(node, index),
    weight: isFloat ? null : (weightUse?.name ?? null),
    precision: reason?.code === "kept" ? "int8" : isFloat ? "float32" : weightUse ? weightTypeOf(weights, id) : made,
    reason,
    node,
    descriptor,
    weightUse: isFloat ? null : weightUse,
    follower: isFloat ? null : follower,
    ownOperator: isFloat || !weightUse ? null : ownOperator(node, weightUse, index, choices),
    runTime: format === "dynamic" && !isFloat && weightUse ? runTimeKernel(node, weightUse, index, target) : null,
  };
}

/** The quantized activations in graph order, by what they share parameters with. */
function gatherGroups(
  layers: readonly LayerPlan[],
  { isQuantized }: Settled,
  index: GraphIndex,
  target: Target,
  choices: PlanChoices,
): Pick<QuantizationPlan, "groups" | "groupOf"> {
  const { sharesAcrossMovers, keepsScale } = target;
  const areAllWide = isAllWide(choices);
  const members = new Map<string, string[]>();
  const groupOf = new Map<string, string>();
  const limits = new Map<string, Pick<RangeGroup, "fixed" | "bounds" | "whole">>();
  const add = (tensor: string, group: string) => {
    groupOf.set(tensor, group);
    const known = members.get(group);
    if (known) known.push(tensor);
    else members.set(group, [tensor]);
  };
  for (const { name } of index.inputs) if (isQuantized(name)) add(name, name);
  for (const { node, descriptor, precision, wide = areAllWide } of layers) {
    for (const output of node.output.filter(isQuantized)) {
      const isMover = (sharesAcrossMovers && descriptor?.kind === "move") || keepsScale.has(node.opType);
      const isMoved = isMover && precision !== "float32";
      const source = isMoved ? groupOf.get(node.input[0] ?? "") : undefined;
      add(output, source ?? output);
      if (source === undefined)
        limits.set(output, limitsOf(node, descriptor, index, wide ? target.fixedInWide : target.fixedOutputs));
    }
  }
  const least = leastRanges(index);
  const open = { fixed: null, bounds: null, whole: false };
  const groups = [...members].map(([id, names]) => {
    const flat = names.length === 1 ? flatBelow(id, index) : null;
    return {
      id,
      members: names,
      ...(limits.get(id) ?? open),
      least: names.map((name) => least.get(name)).find((range) => range !== undefined) ?? null,
      ...(flat !== null && { flatBelow: flat }),
    };
  });
  return { groups: withWidths(groups, groupOf, layers, index), groupOf };
}

function limitsOf(
  node: NodeProto,
  descriptor: LayerPlan["descriptor"],
  index: GraphIndex,
  fixedOutputs: Target["fixedOutputs"],
): Pick<RangeGroup, "fixed" | "bounds" | "whole"> {
  const fixed = fixedOutputs.get(node.opType) ?? descriptor?.fixed ?? endsOf(node, index) ?? gridBeside(node, index);
  const whole = fixed === null && descriptor?.probabilities !== undefined;
  return { fixed, bounds: descriptor?.clamp?.(node, index) ?? null, whole };
}

/** What a DequantizeLinear of the model can give, or what its QuantizeLinear takes of what a layer makes. */
function gridBeside(node: NodeProto, index: GraphIndex): Range | null {
  if (isDequantizer(node)) return gridOf(node, index);
  const uses = index.uses(node.output[0] ?? "");
  const [first] = uses;
  const isTaken = first !== undefined && isQuantizer(first.node) && first.input === 0 && uses.length === 1;
  return isTaken ? gridOf(first.node, index) : null;
}

function parametersOf(node: NodeProto, index: GraphIndex): number {
  let count = 0;
  for (const name of new Set(node.input)) {
    const initializer = index.initializer(name);
    if (initializer) count += elementCount(dimsOf(initializer));
  }
  return count;
}
