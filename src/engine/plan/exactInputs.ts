import { intOf, subgraphsOf } from "../onnx/attributes.ts";
import type { ElementTypes } from "../onnx/elementTypes.ts";
import { type Scope, scopeOf } from "../onnx/nested.ts";
import { TensorProto_DataType as Code, type GraphProto, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import type { ShortFloat } from "./shortFloat.ts";

export const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Operators that hand values on as they are. */
export const MOVES =
  "Concat Expand Flatten Gather Identity Pad Reshape Slice Split Squeeze Tile Transpose Unsqueeze Where";
const MOVING = words(MOVES);
/** What works out whole numbers of an input by settings, value by value. */
const SETTING = words("Abs Add Ceil Clip Div Floor Max Min Mod Mul Neg Round Sub");
const INTEGERS = new Set([
  ...[Code.INT8, Code.INT16, Code.INT32, Code.INT64],
  ...[Code.UINT8, Code.UINT16, Code.UINT32, Code.UINT64],
]);
/** Constants of more elements are weights, and not part of how positions and sizes are worked out. */
const LARGEST_SETTING = 1024;

/** What a float of 16 bits does not hold of a tensor: whole numbers, or values as small as a constant. */
export type Need = { readonly code: "counts" } | { readonly code: "too-small"; readonly tensor: string };

export interface ExactInputs {
  /** Inputs that are read for what a float of 16 bits does not hold, and why. */
  readonly inputs: ReadonlyMap<string, Need>;
  /** The layers that hand them on to where that is. */
  readonly layers: ReadonlyMap<NodeProto, Need>;
}

/** Where an input went on its way. */
interface Handed {
  readonly inputs: ReadonlySet<string>;
  readonly layers: ReadonlySet<NodeProto>;
  /** Whether nothing but moves was on it. */
  readonly isMoved: boolean;
}

/** Whether a constant is a setting rather than a weight. */
export function isSetting(name: string, scope: Scope): boolean {
  const constant = scope(name);
  return constant !== undefined && elementCount(dimsOf(constant)) <= LARGEST_SETTING;
}

/**
 * The float32 inputs that a Cast to an integer reads, or a layer with a constant that would be 0, also over layers that move values or work
 * out whole numbers of them, and in graphs that layers hold.
 */
export function exactInputs(graph: GraphProto, types: ElementTypes, short: ShortFloat): ExactInputs {
  const inputs = new Map<string, Need>();
  const layers = new Map<NodeProto, Need>();
  const named = graph.input.map(({ name }) => name).filter((name) => types.get(name) === Code.FLOAT);
  const isOwn = new Set(graph.initializer.map(({ name }) => name));
  const given = named.filter((name) => !isOwn.has(name));
  visit(
    graph,
    () => undefined,
    new Map(given.map((name) => [name, { inputs: new Set([name]), layers: new Set(), isMoved: true }])),
  );
  return { inputs, layers };

  function need(handed: readonly Handed[], why: Need): void {
    for (const each of handed) {
      for (const name of each.inputs) if (!inputs.has(name)) inputs.set(name, why);
      for (const node of each.layers) if (!layers.has(node)) layers.set(node, why);
    }
  }

  function visit(within: GraphProto, outer: Scope, known: Map<string, Handed>): void {
    const scope = scopeOf(within, outer);
    for (const node of within.node) {
      const read = node.input.filter(Boolean);
      const handed = read.flatMap((name) => known.get(name) ?? []);
      if (handed.length > 0) pass(node, read, handed, scope, known);
      for (const body of subgraphsOf(node)) {
        const own = [...body.input, ...body.initializer].map(({ name }) => name);
        const hidden = new Set([...own, ...body.node.flatMap(({ output }) => output)]);
        visit(body, scope, new Map([...known].filter(([name]) => !hidden.has(name))));
      }
    }
  }

  function pass(
    node: NodeProto,
    read: readonly string[],
    handed: readonly Handed[],
    scope: Scope,
    known: Map<string, Handed>,
  ): void {
    const isCast = node.opType === "Cast";
    if (isCast && INTEGERS.has(intOf(node, "to") ?? Code.UNDEFINED)) {
      need(handed, { code: "counts" });
      return;
    }
    const small = read
      .map((name) => scope(name))
      .find((tensor) => tensor?.dataType === Code.FLOAT && short.isTooSmall(tensor));
    if (small)
      need(
        handed.filter(({ isMoved }) => isMoved),
        { code: "too-small", tensor: small.name },
      );
    const isMove = isCast || MOVING.has(node.opType);
    const isWhole = SETTING.has(node.opType) && read.every((name) => known.has(name) || isSetting(name, scope));
    if (!isMove && !isWhole) return;
    const next: Handed = {
      inputs: new Set(handed.flatMap(({ inputs: from }) => [...from])),
      layers: new Set([...handed.flatMap(({ layers: over }) => [...over]), node]),
      isMoved: isMove && handed.every(({ isMoved }) => isMoved),
    };
    for (const name of node.output) known.set(name, next);
  }
}
