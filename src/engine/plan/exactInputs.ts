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

/** A tensor on the way from inputs: one of these itself, or what a layer hands on. */
interface Handed {
  readonly by: string | NodeProto;
  readonly from: readonly Handed[];
  /** Whether nothing but moves was on the way. */
  readonly isMoved: boolean;
}

/** What is on its way where a graph is, by name; names that a graph inside another gives itself hide those around it. */
class Known {
  readonly #own = new Map<string, Handed>();
  readonly #outer: Known | null;
  readonly #hidden: ReadonlySet<string>;

  constructor(outer: Known | null, hidden: ReadonlySet<string>) {
    this.#outer = outer;
    this.#hidden = hidden;
  }

  get(name: string): Handed | undefined {
    return this.#own.get(name) ?? (this.#hidden.has(name) ? undefined : this.#outer?.get(name));
  }

  set(name: string, handed: Handed): void {
    this.#own.set(name, handed);
  }
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
  const given = new Known(null, new Set());
  for (const name of named) if (!isOwn.has(name)) given.set(name, { by: name, from: [], isMoved: true });
  const needed = new Set<Handed>();
  visit(graph, () => undefined, given);
  return { inputs, layers };

  function need(handed: readonly Handed[], why: Need): void {
    const left = [...handed];
    for (let each = left.pop(); each; each = left.pop()) {
      if (needed.has(each)) continue;
      needed.add(each);
      const { by, from } = each;
      if (typeof by === "string") inputs.set(by, why);
      else if (!layers.has(by)) layers.set(by, why);
      for (const one of from) left.push(one);
    }
  }

  function visit(within: GraphProto, outer: Scope, known: Known): void {
    const scope = scopeOf(within, outer);
    for (const node of within.node) {
      const read = node.input.filter(Boolean);
      const handed = read.flatMap((name) => known.get(name) ?? []);
      if (handed.length > 0) pass(node, read, handed, scope, known);
      for (const body of subgraphsOf(node)) {
        const own = [...body.input, ...body.initializer].map(({ name }) => name);
        const hidden = new Set([...own, ...body.node.flatMap(({ output }) => output)]);
        visit(body, scope, new Known(known, hidden));
      }
    }
  }

  function pass(node: NodeProto, read: readonly string[], handed: readonly Handed[], scope: Scope, known: Known): void {
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
    const isWhole = SETTING.has(node.opType) && read.every((name) => known.get(name) || isSetting(name, scope));
    if (!isMove && !isWhole) return;
    const next: Handed = { by: node, from: handed, isMoved: isMove && handed.every(({ isMoved }) => isMoved) };
    for (const name of node.output) known.set(name, next);
  }
}
