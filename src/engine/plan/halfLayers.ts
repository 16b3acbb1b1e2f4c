import type { Reason } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import { subgraphsOf, tensorAttributeOf } from "../onnx/attributes.ts";
import { type ElementTypes, inferElementTypes } from "../onnx/elementTypes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { innerId, type Scope, scopeOf } from "../onnx/nested.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { layersInIntegers } from "../operators/quantizing.ts";
import { elementCount } from "../values/dims.ts";
import { isSetting, MOVES, type Need, words } from "./exactInputs.ts";
import { VANISHES } from "./halfLosses.ts";
import { type Marked, Marks, type Passed } from "./halfMarks.ts";
import { lastLayers } from "./lastLayers.ts";
import { FLOAT16, type ShortFloat } from "./shortFloat.ts";

/** A layer of a graph or of those that its nodes hold, and why it stays in float32; null where it is in float16. */
export interface HalfLayer {
  readonly id: string;
  readonly node: NodeProto;
  /** The operator whose graph it is in; null in the model's own graph. */
  readonly inside: string | null;
  readonly parameters: number;
  readonly reason: Reason | null;
  /** The constant above the largest float16 that is handed on in what it makes; null where none is. */
  readonly overflow: string | null;
  /** What is too small for float16 of what it reads, whatever its reason; null where nothing is. */
  readonly vanishing: string | null;
  /** Whether it works out positions or sizes, whatever its reason. */
  readonly isCounting: boolean;
}

type Choices = Pick<Recipe, "float" | "spared" | "ends">;

/** What too large or too small a constant is handed on by, until something makes other values of it. */
const HANDS_ON_LARGE = words(`${MOVES} Add Constant ConstantOfShape Max Min Mul Neg Sub Sum`);
const HANDS_ON_SMALL = words(`${MOVES} Abs Add Clip Constant ConstantOfShape Max Mul Pow Sqrt Sum`);
const HANDS_ON_COUNTS = words(
  `${MOVES} Abs Add Ceil Clip Div Einsum Floor MatMul Max Min Mod Mul Neg Pow ReduceSum Round Sqrt Sub`,
);
/** An infinite bound bounds what a bound too large for float16 does. */
const BOUNDED = words("Clip Min");
const VALUED = words("Constant ConstantOfShape");
/** Operators that take a tensor of any type for what it is. */
export const READS_ANY: ReadonlySet<string> = words("Cast Shape Size");
const COUNTED = new Set([Code.INT32, Code.INT64, Code.UINT32, Code.UINT64]);

/**
 * Decides which layers are in float16, or in bfloat16. In float32 stay what a person or a target asks for, what holds values above the largest
 * float16, on samples or in a constant, and what reads them, what reads a constant that would be 0, what counts, and what works out
 * outputs that are float32. `types` are those of the graph's tensors, `exact` the layers that hand on an input for what float16 does not hold.
 */
export function halfLayers(
  graph: GraphProto,
  types: ElementTypes,
  choices: Choices,
  short: ShortFloat = FLOAT16,
  exact: ReadonlyMap<NodeProto, Need> = new Map(),
): HalfLayer[] {
  const found: HalfLayer[] = [];
  const scope: Scope = () => undefined;
  visit(graph, { types, scope, inside: null, isFloat: false, idOf: (id) => id, marks: new Marks(null) });
  return found;

  interface Around {
    readonly types: ElementTypes;
    readonly scope: Scope;
    readonly inside: string | null;
    /** Whether the layer that holds the graph stays in float32, and all in it. */
    readonly isFloat: boolean;
    readonly idOf: (id: string) => string;
    /** Of the graph, which what is handed into it is among. */
    readonly marks: Marks;
  }

  function visit(within: GraphProto, around: Around): void {
    const index = new GraphIndex(within);
    const scope = scopeOf(within, around.scope);
    const known = around.inside === null ? around.types : inferElementTypes(within, around.types);
    const isLast = around.inside === null && choices.ends !== "float16";
    const last = isLast ? lastLayers(index) : new Set<NodeProto>();
    const { idOf, inside, marks } = around;
    const reasonOf = reasoning({ index, scope, types: known, choices, idOf, last, short, exact, marks });
    for (const node of within.node) {
      const id = idOf(index.id(node));
      const { own, ...held } = reasonOf(node);
      const reason: Reason | null = own ?? (around.isFloat ? { code: "inside", operator: inside ?? "" } : null);
      const layer: HalfLayer = { id, node, inside, parameters: parametersOf(node, scope), reason, ...held };
      const at = found.push(layer);
      const given = visitBodies(layer, { ...around, types: known, scope });
      // What a body gives has the type of the layer that holds it.
      if (reason !== null || given === null) continue;
      found.length = at - 1;
      const named = given.code === "too-small" ? given : { ...given, ...typeIn(short) };
      const kept: HalfLayer = { ...layer, reason: named, isCounting: given.code === "counts" };
      found.push(kept);
      visitBodies(kept, { ...around, types: known, scope });
    }
  }

  /** Visits what a layer holds, and gives what stands against float16 of that which it gives; null where nothing does. */
  function visitBodies({ id, node, reason }: HalfLayer, { marks, ...around }: Around): Passed | null {
    let passed: Passed | null = null;
    for (const { name, g, graphs } of node.attribute) {
      for (const body of g ? [g, ...graphs] : graphs) {
        const idOf = (inner: string) => innerId(id, name, inner);
        const inner = marks.into(node, body);
        visit(body, { ...around, inside: node.opType, isFloat: reason !== null, idOf, marks: inner });
        passed = inner.outOf(node, body, marks) ?? passed;
      }
    }
    return passed;
  }
}

interface Place {
  readonly index: GraphIndex;
  readonly scope: Scope;
  readonly types: ElementTypes;
  readonly choices: Choices;
  readonly idOf: (id: string) => string;
  /** What works out the outputs of the model. */
  readonly last: ReadonlySet<NodeProto>;
  readonly short: ShortFloat;
  readonly exact: ReadonlyMap<NodeProto, Need>;
  readonly marks: Marks;
}

/** The reason of each node of a graph, asked in its order. */
function reasoning({ index, scope, types, choices: { float, spared }, idOf, last, short, exact, marks }: Place) {
  const isFloat = (name: string) => types.get(name) === Code.FLOAT;
  const { large, small, counts } = marks;
  const isTiny = (name: string) => spared !== null && Object.hasOwn(spared, name) && spared[name] === VANISHES;
  for (const { name } of index.inputs) if (isTiny(name)) small.set(name, name);
  const kept = layersInIntegers(index);
  const named = typeIn(short);

  const handOn = (node: NodeProto, marked: Marked, by: ReadonlySet<string>, constant: string | null) => {
    const source = constant ?? node.input.map((name) => marked.get(name)).find((found) => found !== undefined) ?? null;
    if (source !== null && by.has(node.opType)) for (const name of node.output) marked.set(name, source);
    return source;
  };

  const isCounting = (node: NodeProto): boolean => {
    if (node.opType === "Cast") return COUNTED.has(types.get(node.input[0] ?? "") ?? Code.UNDEFINED);
    if (node.opType === "Range") return true;
    const read = node.input.filter(isFloat);
    return read.some((name) => counts.get(name)) && read.every((name) => counts.get(name) || isSetting(name, scope));
  };

  const ownReason = (node: NodeProto): Reason | null => {
    const { opType: operator, domain } = node;
    const touched = [...node.input, ...node.output].filter(Boolean);
    if (!isDefaultDomain(domain)) return { code: "not-standard", domain, operator };
    if (kept.has(node)) return { code: "kept" };
    const holds = subgraphsOf(node).length > 0;
    const isMoot = READS_ANY.has(operator) ? !node.output.some(isFloat) : !touched.some(isFloat);
    if (!holds && isMoot) return { code: "type", type: typeName(types.get(node.output[0] ?? "")) };
    if (touched.some((name) => types.get(name) === undefined && !scope(name))) return { code: "no-half", operator };
    if (float.layers.includes(idOf(index.id(node)))) return { code: "recipe-layer" };
    if (float.operators.includes(operator)) return { code: "recipe-operator", operator };
    const read = node.input.find((name) => float.tensors.includes(name));
    if (read !== undefined) return { code: "recipe-input", tensor: read };
    if (node.output.some((name) => float.tensors.includes(name))) return { code: "recipe-output" };
    return READS_ANY.has(operator) ? null : short.lacks(node);
  };

  return (
    node: NodeProto,
  ): { readonly own: Reason | null } & Pick<HalfLayer, "overflow" | "vanishing" | "isCounting"> => {
    const constants = node.input.flatMap((name) => {
      const tensor = isFloat(name) ? scope(name) : undefined;
      return tensor ? [tensor] : [];
    });
    const value = VALUED.has(node.opType) ? tensorAttributeOf(node, "value") : undefined;
    if (value?.dataType === Code.FLOAT) constants.push(value);
    const nameOf = (tensor: TensorProto | undefined) => (tensor ? tensor.name || (node.output[0] ?? "") : null);
    const bounds = BOUNDED.has(node.opType);
    const tooLarge = bounds ? null : nameOf(constants.find(short.isTooLarge));
    const tooSmall = nameOf(constants.find(short.isTooSmall));
    const largest = handOn(node, large, HANDS_ON_LARGE, tooLarge);
    const smallest = handOn(node, small, HANDS_ON_SMALL, tooSmall);
    const isCount = isCounting(node);
    if (isCount && (node.opType === "Cast" || node.opType === "Range" || HANDS_ON_COUNTS.has(node.opType))) {
      for (const name of node.output) counts.set(name, name);
    }
    const seen = [...node.input, ...node.output].find((name) => spared && Object.hasOwn(spared, name));
    const settled = (): Reason | null => {
      if (seen !== undefined) return { code: isTiny(seen) ? "too-small" : "too-large", tensor: seen };
      if (largest !== null) return { code: "too-large", tensor: largest, ...named };
      if (smallest !== null) return { code: "too-small", tensor: smallest };
      const handed = exact.get(node);
      if (handed?.code === "too-small") return handed;
      if (isCount || handed) return { code: "counts", ...named };
      return last.has(node) ? { code: "last" } : null;
    };
    const overflow = node.output.map((name) => large.get(name)).find((constant) => constant !== undefined);
    return { own: ownReason(node) ?? settled(), overflow: overflow ?? null, vanishing: smallest, isCounting: isCount };
  };
}

/** What reasons of another type than float16 name it by. */
function typeIn({ type }: ShortFloat): { readonly type?: "bfloat16" } {
  return type === "bfloat16" ? { type } : {};
}

function parametersOf(node: NodeProto, scope: Scope): number {
  const constants = new Set(node.input.filter(Boolean).flatMap((name) => scope(name) ?? []));
  return [...constants].reduce((sum, tensor) => sum + elementCount(dimsOf(tensor)), 0);
}

function typeName(type: Code | undefined): string {
  return type === undefined ? "unknown" : Code[type].toLowerCase();
}
