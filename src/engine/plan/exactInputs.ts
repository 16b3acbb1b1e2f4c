import { attributeOf, intOf, subgraphsOf, tensorAttributeOf } from "../onnx/attributes.ts";
import { type ElementTypes, inferElementTypes } from "../onnx/elementTypes.ts";
import { type Scope, scopeOf } from "../onnx/nested.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { dimsOf, scalar, tensorProto } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { carriedOf, type Link, link, reachedFrom, type Tensor, Tensors } from "./handedOn.ts";
import type { ShortFloat } from "./shortFloat.ts";

export const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Operators that hand values on as they are. */
export const MOVES =
  "Concat Expand Flatten Gather Identity Pad Reshape Slice Split Squeeze Tile Transpose Unsqueeze Where";
const MOVING = words(
  `${MOVES} Cast CastLike Compress ConcatFromSequence DepthToSpace Dropout GatherElements GatherND ReverseSequence ScatterElements ScatterND SequenceAt SequenceConstruct SequenceErase SequenceInsert SpaceToDepth SplitToSequence Trilu`,
);
/** What works out whole numbers of an input by settings, value by value. */
const SETTING = words("Abs Add Ceil Clip Div Floor Max Min Mod Mul Neg Round Sub");
const INTEGERS = new Set([
  ...[Code.INT8, Code.INT16, Code.INT32, Code.INT64],
  ...[Code.UINT8, Code.UINT16, Code.UINT32, Code.UINT64],
]);
/** Inputs, by place, that say how much or which, whatever their type. */
const COUNTING: ReadonlyMap<string, readonly number[]> = new Map([
  ["OneHot", [0, 1]],
  ["Range", [0, 1, 2]],
  ["Resize", [2]],
  ["Upsample", [1]],
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

/** Whether a constant is a setting rather than a weight. */
export function isSetting(name: string, scope: Scope): boolean {
  const constant = scope(name);
  return constant !== undefined && elementCount(dimsOf(constant)) <= LARGEST_SETTING;
}

interface Place {
  readonly types: ElementTypes;
  readonly graph: GraphProto;
  readonly scope: Scope;
  readonly tensors: Tensors;
}

/**
 * The float32 inputs that a Cast to an integer reads, or what else takes a float for a count, or a layer with a constant that would be 0, also over
 * layers that move values or work out whole numbers of them, and in and out of graphs that layers hold. A layer whose graph carries one on is among
 * these: it stays in float32, and all in it.
 */
export function exactInputs(graph: GraphProto, types: ElementTypes, short: ShortFloat): ExactInputs {
  const root: Place = { graph, types, scope: scopeWithin(graph, () => undefined), tensors: new Tensors(graph, null) };
  const isOwn = new Set(graph.initializer.map(({ name }) => name));
  const given = new Map<Tensor, string>();
  for (const { name } of graph.input) {
    const tensor = types.get(name) === Code.FLOAT && !isOwn.has(name) ? root.tensors.get(name) : undefined;
    if (tensor) given.set(tensor, name);
  }
  const counted: (readonly [Tensor, Need])[] = [];
  const vanishing: (readonly [Tensor, Need])[] = [];
  /** What only constants are known of so far: what a graph carries on begins as one. */
  const settings = new Set<Tensor>();
  const places = [root];
  for (const place of places) {
    for (const node of place.graph.node) {
      look(node, place);
      for (const body of subgraphsOf(node)) {
        const [scope, tensors] = [scopeWithin(body, place.scope), new Tensors(body, place.tensors)];
        const inner: Place = { graph: body, types: inferElementTypes(body, place.types), scope, tensors };
        places.push(inner);
        for (const { made, from } of carriedOf(node, body)) {
          const makes = (made.isInner ? inner : place).tensors.get(made.name);
          if (!makes) continue;
          const sources = from.map(({ name, isInner }) => ({ name, ...(isInner ? inner : place) }));
          if (sources.some(({ name, scope }) => isSetting(name, scope))) settings.add(makes);
          link(
            node,
            true,
            sources.flatMap(({ name, tensors }) => tensors.get(name) ?? []),
            [makes],
          );
        }
      }
    }
  }
  const inputs = new Map<string, Need>();
  const layers = new Map<NodeProto, Need>();
  const arrived = new Map<Link, number>();
  const isWhole = (each: Link) => {
    const count = (arrived.get(each) ?? 0) + 1;
    arrived.set(each, count);
    return count === each.reads.length;
  };
  const whole = reachedFrom([...given.keys(), ...settings], (each) => each.isMove || isWhole(each));
  const known = reachedFrom(given.keys(), ({ makes }) => makes.some((tensor) => whole.has(tensor)));
  const moved = reachedFrom(given.keys(), ({ isMove }) => isMove);
  need(counted, known, () => true);
  need(vanishing, moved, ({ isMove }) => isMove);
  return { inputs, layers };

  function look(node: NodeProto, { types: known, scope, tensors }: Place): void {
    const read = node.input.filter(Boolean);
    const own = read.filter((name) => !scope(name)).flatMap((name) => tensors.get(name) ?? []);
    if (own.length === 0) return;
    const isCast = isToInteger(node, scope, known);
    const places = COUNTING.get(node.opType) ?? [];
    for (const tensor of isCast ? own : places.flatMap((at) => tensors.get(node.input[at] ?? "") ?? [])) {
      counted.push([tensor, { code: "counts" }]);
    }
    if (isCast) return;
    const small = read.find((name) => isSmall(scope(name)));
    if (small) for (const tensor of own) vanishing.push([tensor, { code: "too-small", tensor: small }]);
    const isMove = MOVING.has(node.opType);
    const isOfSettings =
      SETTING.has(node.opType) && read.every((name) => (scope(name) ? isSetting(name, scope) : tensors.get(name)));
    if (!isMove && !isOfSettings) return;
    link(
      node,
      isMove,
      own,
      node.output.flatMap((name) => tensors.get(name) ?? []),
    );
  }

  function isSmall(constant: TensorProto | undefined): boolean {
    return constant?.dataType === Code.FLOAT && short.isTooSmall(constant);
  }

  /** Follows what is needed to the inputs that it is of, over layers on the way. */
  function need(
    from: readonly (readonly [Tensor, Need])[],
    within: ReadonlySet<Tensor>,
    passes: (each: Link) => boolean,
  ): void {
    const seen = new Set<Tensor>();
    const left = [...from];
    for (let next = left.pop(); next; next = left.pop()) {
      const [tensor, why] = next;
      if (seen.has(tensor) || !within.has(tensor)) continue;
      seen.add(tensor);
      const name = given.get(tensor);
      if (name !== undefined && !inputs.has(name)) inputs.set(name, why);
      for (const each of tensor.makers) {
        if (!passes(each)) continue;
        if (!layers.has(each.node)) layers.set(each.node, why);
        for (const read of each.reads) left.push([read, why]);
      }
    }
  }
}

function isToInteger(node: NodeProto, scope: Scope, types: ElementTypes): boolean {
  if (node.opType === "Cast") return INTEGERS.has(intOf(node, "to") ?? Code.UNDEFINED);
  const like = node.opType === "CastLike" ? (node.input[1] ?? "") : "";
  return INTEGERS.has(scope(like)?.dataType ?? types.get(like) ?? Code.UNDEFINED);
}

/** The constants that a name may mean, with those that nodes of the graph make, as they stay in graphs that layers hold. */
function scopeWithin(graph: GraphProto, outer: Scope): Scope {
  const scope = scopeOf(graph, outer);
  const made = new Map(
    graph.node.flatMap((node) => {
      const constant = node.opType === "Constant" ? constantOf(node) : undefined;
      return constant ? [[node.output[0] ?? "", constant] as const] : [];
    }),
  );
  return (name) => made.get(name) ?? scope(name);
}

function constantOf(node: NodeProto): TensorProto | undefined {
  const one = attributeOf(node, "value_float");
  return one ? tensorProto("", scalar("float32", one.f)) : tensorAttributeOf(node, "value");
}
