import type { Port } from "../model/tensor.ts";
import { capturedBy, GraphIndex } from "../onnx/graph.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { DataType } from "../values/elementTypes.ts";
import { graphOf } from "./pass.ts";
import { sliceModel } from "./slice.ts";

export interface PieceRequest {
  /** Tensors that the pieces are to give, beside what later ones read. */
  readonly exposed: readonly string[];
  readonly typeOf: (tensor: string) => DataType | "other";
  /** The shape that a runtime finds by those of the inputs: what it lays out otherwise follows from it. */
  readonly dimsOf: (tensor: string) => Port["dims"] | undefined;
  /** Bytes that a tensor takes in one sample. */
  readonly bytesOf: (tensor: string) => number;
  /** What the tensors exposed of one piece may take, where the graph can be cut so. */
  readonly bound: number;
}

/** Behind `at` nodes, with what is carried on, and bytes of what was exposed since. */
interface Cut {
  readonly at: number;
  readonly carried: number;
  readonly after: number;
}

/** Element by element, or values moved as they are along the same axes: computed alike however a tensor lies in memory. */
const POINTWISE: ReadonlySet<string> = new Set(
  "Abs Add Clip Concat Div Elu Exp HardSigmoid HardSwish Identity LeakyRelu Max MaxPool Min Mul Neg Relu Sigmoid Sqrt Sub Sum Tanh".split(
    " ",
  ),
);
/** What they make lies in memory as its dimensions say. */
const PLAIN: ReadonlySet<string> = new Set("Flatten Gemm MatMul Reshape".split(" "));
/** Computed in blocks of channels, or not, as the nodes before them are. */
const BLOCKED: ReadonlySet<string> = new Set(
  "AveragePool BatchNormalization GlobalAveragePool GlobalMaxPool Resize Upsample".split(" "),
);

/**
 * A graph in consecutive pieces, each of which reads inputs of the graph and float32 tensors of earlier ones: all of it in one
 * where the tensors exposed are no more than the bound. A runtime that lays tensors out otherwise inside a graph (ONNX Runtime's
 * blocked convolutions, and transposes that it moves) adds up in another order there. So none is cut but where what follows
 * comes to the same bits.
 */
export function piecesOf(model: ModelProto, request: PieceRequest): ModelProto[] {
  const { exposed, typeOf, bytesOf, bound } = request;
  const index = new GraphIndex(graphOf(model));
  const { node } = index.graph;
  const isExposed = new Set(exposed);
  const cuts = new Cuts(index, typeOf);
  const ends: number[] = [];
  let since = 0;
  let best = null as Cut | null;
  for (const [position, { output }] of node.entries()) {
    const made = output.reduce((sum, name) => (isExposed.has(name) ? sum + bytesOf(name) : sum), 0);
    if (best && since + made > bound) {
      ends.push(best.at);
      since = best.after;
      best = null;
    }
    since += made;
    const alive = cuts.pass(position);
    if (best) best = { ...best, after: best.after + made };
    if (since < bound / 2 || !alive) continue;
    const carried = alive.reduce((sum, name) => sum + bytesOf(name), 0);
    if (!best || carried <= best.carried) best = { at: position + 1, carried, after: 0 };
  }
  const bounds = [0, ...ends, node.length];
  return ends.length === 0 ? [] : bounds.slice(1).map((to, i) => pieceOf(model, index, [bounds[i]!, to], request));
}

function pieceOf(
  model: ModelProto,
  index: GraphIndex,
  [from, to]: readonly [number, number],
  { exposed, typeOf, dimsOf }: PieceRequest,
): ModelProto {
  const { node } = index.graph;
  const made = new Set(node.slice(from, to).flatMap(({ output }) => output));
  const later = new Set(node.slice(to).flatMap(readBy));
  const outputs = [
    ...new Set([...exposed.filter((name) => made.has(name)), ...[...made].filter((name) => later.has(name))]),
  ];
  return sliceModel(model, index, [from, to], outputs, (tensor) => typeOf(tensor) as DataType, dimsOf);
}

/** Where a graph can be cut: goes through its nodes in order. */
class Cuts {
  readonly #index: GraphIndex;
  readonly #typeOf: PieceRequest["typeOf"];
  /** Of each tensor, the positions of the nodes that read it. */
  readonly #readers = new Map<string, number[]>();
  readonly #alive = new Set<string>();
  /** Tensors that may lie in memory otherwise than their dimensions say. */
  readonly #moved = new Set<string>();
  readonly #alike = new Map<number, boolean>();
  readonly #alikeMoved = new Map<number, boolean>();

  constructor(index: GraphIndex, typeOf: PieceRequest["typeOf"]) {
    this.#index = index;
    this.#typeOf = typeOf;
    for (const [position, node] of index.graph.node.entries()) {
      for (const name of new Set(readBy(node))) {
        const readers = this.#readers.get(name);
        if (readers) readers.push(position);
        else this.#readers.set(name, [position]);
      }
    }
  }

  /** Goes on past a node; what is made until there and read later, null where the graph cannot be cut behind it. */
  pass(position: number): readonly string[] | null {
    const node = this.#index.graph.node[position] as NodeProto;
    const isMoved = POINTWISE.has(node.opType)
      ? node.input.some((name) => this.#moved.has(name))
      : !PLAIN.has(node.opType);
    for (const name of node.output) {
      if ((this.#readers.get(name)?.at(-1) ?? -1) > position) this.#alive.add(name);
      if (isMoved) this.#moved.add(name);
    }
    for (const name of readBy(node)) if (this.#readers.get(name)?.at(-1) === position) this.#alive.delete(name);
    const alive = [...this.#alive];
    return alive.every((name) => this.#canCarry(name, position)) ? alive : null;
  }

  #canCarry(name: string, position: number): boolean {
    if (this.#typeOf(name) !== "float32") return false;
    const isMoved = this.#moved.has(name);
    return this.#readers.get(name)!.every((reader) => reader <= position || this.#isAlike(reader, isMoved));
  }

  /** Whether what a node makes, and what follows from it up to the next convolutions, is the same however its inputs lie in memory. */
  #isAlike(position: number, isMoved: boolean): boolean {
    const alike = isMoved ? this.#alikeMoved : this.#alike;
    const { node } = this.#index.graph;
    // Readers come later, and are known before what they read.
    for (let at = node.length - alike.size - 1; at >= position; at--) {
      const { opType, output } = node[at] as NodeProto;
      const readers = output.flatMap((name) => this.#readers.get(name) ?? []);
      const isAlike = POINTWISE.has(opType)
        ? readers.every((each) => alike.get(each))
        : opType === "Conv" || !(isMoved || BLOCKED.has(opType));
      alike.set(at, isAlike);
    }
    return alike.get(position)!;
  }
}

function readBy(node: NodeProto): string[] {
  return [...node.input.filter(Boolean), ...capturedBy(node)];
}
