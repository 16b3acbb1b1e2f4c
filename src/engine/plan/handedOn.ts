import { attributeOf, intOf } from "../onnx/attributes.ts";
import type { GraphProto, NodeProto } from "../onnx/proto/onnx_pb.ts";

/** A tensor of a graph, or of a graph that a layer holds: what hands values on to it, and what hands its own on. */
export interface Tensor {
  readonly makers: Link[];
  readonly readers: Link[];
}

/** A layer that hands on what it reads; one that holds a graph has a link for each tensor that goes in or out. */
export interface Link {
  readonly node: NodeProto;
  /** Whether values stay what they are. */
  readonly isMove: boolean;
  readonly reads: readonly Tensor[];
  readonly makes: readonly Tensor[];
}

/** The tensors of a graph by name, and those of the graphs around it that it gives no meaning of its own. */
export class Tensors {
  readonly #own: ReadonlyMap<string, Tensor | undefined>;
  readonly #outer: Tensors | null;

  constructor(graph: GraphProto, outer: Tensors | null) {
    const made = [...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)];
    this.#own = new Map([
      ...made.map((name): [string, Tensor] => [name, { makers: [], readers: [] }]),
      ...graph.initializer.map(({ name }): [string, undefined] => [name, undefined]),
    ]);
    this.#outer = outer;
  }

  /** Undefined for constants, and for "". */
  get(name: string): Tensor | undefined {
    for (let each: Tensors | null = this; name && each; each = each.#outer) {
      if (each.#own.has(name)) return each.#own.get(name);
    }
    return undefined;
  }
}

export function link(node: NodeProto, isMove: boolean, from: readonly Tensor[], makes: readonly Tensor[]): void {
  const reads = [...new Set(from)];
  const made: Link = { node, isMove, reads, makes };
  for (const tensor of reads) tensor.readers.push(made);
  for (const tensor of makes) tensor.makers.push(made);
}

/** Tensors that links lead to from others, these among them; `passes` is asked once for each tensor that a link reads. */
export function reachedFrom(from: Iterable<Tensor>, passes: (link: Link) => boolean): ReadonlySet<Tensor> {
  const found = new Set(from);
  for (const tensor of found) {
    for (const each of tensor.readers) {
      if (passes(each)) for (const made of each.makes) found.add(made);
    }
  }
  return found;
}

/** A name in the graph that a layer holds, or around it. */
interface Named {
  readonly name: string;
  readonly isInner: boolean;
}

interface Carried {
  readonly made: Named;
  readonly from: readonly Named[];
}

/**
 * What goes into a graph that a layer holds, and out of it: from the inputs of a Loop, a Scan or a SequenceMap to those of its body, from what the body gives for a
 * state to the next step, and from what a branch or body gives to what the layer gives.
 */
export function carriedOf(node: NodeProto, body: GraphProto): Carried[] {
  const isLoop = node.opType === "Loop";
  const scanned = node.opType === "Scan" ? (intOf(node, "num_scan_inputs") ?? 0) : 0;
  const inputs = body.input.map(({ name }): Named => ({ name, isInner: true }));
  const outputs = body.output.map(({ name }): Named => ({ name, isInner: true }));
  const around = (name: string | undefined): Named[] => (name ? [{ name, isInner: false }] : []);
  /** How many inputs of the layer, of the body, and outputs of the body come before its states. */
  const [before, first, skipped] = isLoop ? [2, 2, 1] : [Math.max(0, node.input.length - inputs.length), 0, 0];
  const states = isLoop ? inputs.length - first : node.opType === "Scan" ? inputs.length - scanned : 0;
  const isBranch = attributeOf(node, "then_branch") !== undefined;
  const fed = isBranch ? [] : inputs.slice(first);
  return [
    ...fed.map((made, at) => {
      const next = at < states ? outputs.slice(at + skipped, at + skipped + 1) : [];
      return { made, from: [...around(node.input[at + before]), ...next] };
    }),
    ...node.output.flatMap((name, at) => {
      const given = outputs.slice(at + skipped, at + skipped + 1);
      const begun = at < states ? around(node.input[at + before]) : [];
      return around(name).map((made) => ({ made, from: [...given, ...begun] }));
    }),
  ];
}
