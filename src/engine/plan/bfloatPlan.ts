import type { WeightSource } from "../encode/weight.ts";
import type { Reason } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Layer } from "../model/summary.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { visitNested } from "../onnx/nested.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import { isDequantizer, isQuantizer } from "../operators/quantizing.ts";
import type { Target } from "../targets/target.ts";
import { elementCount } from "../values/dims.ts";
import { holdsOverflow } from "./halfLosses.ts";
import type { StoredLayer } from "./stored.ts";
import { weightSource } from "./weightSource.ts";
import { weightUse } from "./weightUse.ts";
import { WHOLE, type WholeLayer } from "./wholeLayer.ts";

/** What of a model is kept in bfloat16: constants of its graph and of the graphs that its nodes hold. */
export interface BfloatPlan {
  readonly constants: ReadonlySet<TensorProto>;
  /** The weights among them that are encoded. */
  readonly weights: readonly WeightSource[];
}

interface Found {
  readonly id: string;
  readonly node: NodeProto;
  readonly inside: string | null;
  readonly read: readonly TensorProto[];
  readonly chosen: Reason | null;
}

/** What a Cast and a name take, about: smaller constants would save nothing. */
const bytesBeside = (name: string) => 80 + 3 * name.length;

/**
 * The plan of a model whose constants are kept in bfloat16 and widened when it is loaded: layers are computed in float32. In
 * float32 stay small constants, those that a layer reads which the recipe leaves in float or which quantizes, and what
 * would be infinite.
 */
export function planBfloats(graph: GraphProto, float: Recipe["float"], target: Target) {
  const index = new GraphIndex(graph);
  const found = layersOf(graph, float);
  const left = new Set(
    found.flatMap(({ node, read, chosen }) => (chosen || isQuantizer(node) || isDequantizer(node) ? read : [])),
  );
  const isKept = (tensor: TensorProto) => !left.has(tensor) && !float.tensors.includes(tensor.name) && gains(tensor);
  const constants = new Set(found.flatMap(({ read }) => read.filter(isKept)));
  const layerOf = ({ id, node, inside, read, chosen }: Found): Layer => {
    const isStored = read.some((tensor) => constants.has(tensor));
    return {
      id,
      operator: node.opType,
      inputs: inside === null ? node.input.filter(Boolean) : [],
      outputs: inside === null ? node.output.filter(Boolean) : [],
      parameters: [...new Set(read)].reduce((sum, tensor) => sum + elementCount(dimsOf(tensor)), 0),
      weight: null,
      precision: isStored ? "bfloat16" : "float32",
      reason: isStored ? null : (chosen ?? { code: "weights-only" }),
    };
  };
  const own = found.filter(({ inside }) => inside === null);
  const layers = own.map((layer): WholeLayer => {
    const descriptor = operatorOf(layer.node, index);
    return { ...layerOf(layer), node: layer.node, descriptor, ...WHOLE };
  });
  const weights = own.flatMap(({ node }) => {
    const descriptor = operatorOf(node, index);
    const use = descriptor?.kind === "weighted" ? weightUse(node, descriptor, index, target) : null;
    const tensor = use && !("code" in use) ? index.initializer(use.name) : undefined;
    return use && !("code" in use) && tensor && constants.has(tensor)
      ? [weightSource({ node, descriptor }, use, index)]
      : [];
  });
  const stored = found.flatMap((layer): StoredLayer[] =>
    layer.inside === null || layer.read.length === 0
      ? []
      : [{ layer: layerOf(layer), runTime: "stored", weights: [], inside: layer.inside }],
  );
  const bfloat: BfloatPlan = { constants, weights };
  return {
    target,
    index,
    layers,
    groups: [],
    groupOf: new Map<string, string>(),
    stored,
    writesBiasZeros: false,
    keepsCopies: false,
    half: null,
    bfloat,
    written: null,
  };
}

function layersOf(graph: GraphProto, float: Recipe["float"]): Found[] {
  const found: Found[] = [];
  visitNested(graph, (node, { id, scope, inside }) => {
    const read = node.input.filter(Boolean).flatMap((name) => scope(name) ?? []);
    found.push({ id, node, inside, read, chosen: chosenReason(node, id, float) });
  });
  return found;
}

function chosenReason({ opType: operator }: NodeProto, id: string, float: Recipe["float"]): Reason | null {
  if (float.layers.includes(id)) return { code: "recipe-layer" };
  return float.operators.includes(operator) ? { code: "recipe-operator", operator } : null;
}

const known = new WeakMap<TensorProto, boolean>();

function gains(tensor: TensorProto): boolean {
  const last = known.get(tensor);
  if (last !== undefined) return last;
  const isLarge = tensor.dataType === Code.FLOAT && 2 * elementCount(dimsOf(tensor)) > bytesBeside(tensor.name);
  const found = isLarge && !holdsOverflow(tensor);
  known.set(tensor, found);
  return found;
}
