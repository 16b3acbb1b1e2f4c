import type { Reason } from "../model/reason.ts";
import type { GraphProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { carriedOf } from "./handedOn.ts";

/** Why what a graph gives is not for float16. */
export type Passed = Extract<Reason, { readonly code: "too-large" | "too-small" | "counts" }>;

/** Tensors of a graph, and of those around it, with what marks them. */
export class Marked {
  readonly #own = new Map<string, string>();
  readonly #outer: Marked | null;

  constructor(outer: Marked | null) {
    this.#outer = outer;
  }

  get(name: string): string | undefined {
    for (let each: Marked | null = this; name && each; each = each.#outer) {
      const found = each.#own.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  set(name: string, by: string): void {
    if (name) this.#own.set(name, by);
  }
}

/** What of the tensors of a graph is too large or too small for float16, by the constant that makes it so, and what counts. */
export class Marks {
  readonly large: Marked;
  readonly small: Marked;
  readonly counts: Marked;

  constructor(outer: Marks | null) {
    this.large = new Marked(outer?.large ?? null);
    this.small = new Marked(outer?.small ?? null);
    this.counts = new Marked(outer?.counts ?? null);
  }

  /** Those of a graph that a layer of this one holds, with what goes into it. */
  into(node: NodeProto, body: GraphProto): Marks {
    const inner = new Marks(this);
    for (const { made, from } of carriedOf(node, body)) {
      if (!made.isInner) continue;
      for (const { name, isInner } of from) if (!isInner) copy(this, name, inner, made.name);
    }
    return inner;
  }

  /** Marks what a layer gives of the graph that it holds, of which these are; null where that is nothing marked. */
  outOf(node: NodeProto, body: GraphProto, outer: Marks): Passed | null {
    let passed: Passed | null = null;
    for (const { made, from } of carriedOf(node, body)) {
      for (const { name, isInner } of from) {
        if (!isInner) continue;
        const [large, small] = [this.large.get(name), this.small.get(name)];
        if (!made.isInner) copy(this, name, outer, made.name);
        if (large !== undefined) passed = { code: "too-large", tensor: large };
        else if (small !== undefined) passed ??= { code: "too-small", tensor: small };
        else if (this.counts.get(name) !== undefined) passed ??= { code: "counts" };
      }
    }
    return passed;
  }
}

function copy(from: Marks, name: string, to: Marks, as: string): void {
  for (const kind of ["large", "small", "counts"] as const) {
    const by = from[kind].get(name);
    if (by !== undefined) to[kind].set(as, by);
  }
}
