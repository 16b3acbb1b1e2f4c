import type { Reason } from "../model/reason.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Target } from "../targets/target.ts";
import type { Activations, Candidate } from "./candidates.ts";

export interface Settled {
  /** Why each node stays in float; null for those that are quantized. */
  readonly reasons: ReadonlyMap<NodeProto, Reason | null>;
  /** Whether a tensor has parameters of its own or of its group. */
  readonly isQuantized: (tensor: string) => boolean;
}

/**
 * Settles which candidates are quantized. Weighted layers are wherever they can be. A layer without weights is where
 * all it reads is 8-bit, so that no float tensor is rounded only to be added or pooled. Starts from all candidates and
 * takes away those that do not hold until all do.
 */
export function settleLayers(
  candidates: ReadonlyMap<NodeProto, Candidate>,
  index: GraphIndex,
  activations: Activations,
  target: Target,
): Settled {
  const reasons = new Map([...candidates].map(([node, { reason }]) => [node, reason]));
  for (;;) {
    const state = new State(candidates, reasons, index, activations, target);
    const leaving = [...candidates.values()].flatMap((candidate) => {
      const reason = reasons.get(candidate.node) === null ? state.floatReason(candidate) : null;
      return reason === null ? [] : [[candidate.node, reason] as const];
    });
    if (leaving.length === 0) return { reasons, isQuantized: (tensor) => state.isQuantized(tensor) };
    for (const [node, reason] of leaving) reasons.set(node, reason);
  }
}

/** Settles which candidates have their weights quantized where every activation stays in float. */
export function settleWeights(candidates: ReadonlyMap<NodeProto, Candidate>): Settled {
  const reasons = [...candidates.values()].map(({ node, weightUse, reason }): [NodeProto, Reason | null] => [
    node,
    reason ?? (weightUse ? null : { code: "weights-only" as const }),
  ]);
  return { reasons: new Map(reasons), isQuantized: () => false };
}

class State {
  readonly #candidates: ReadonlyMap<NodeProto, Candidate>;
  readonly #reasons: ReadonlyMap<NodeProto, Reason | null>;
  readonly #index: GraphIndex;
  readonly #activations: Activations;
  readonly #target: Target;
  /** What quantized layers read, and what the weighted ones among them do. */
  readonly #read = new Set<string>();
  readonly #multiplied = new Set<string>();

  constructor(
    candidates: ReadonlyMap<NodeProto, Candidate>,
    reasons: ReadonlyMap<NodeProto, Reason | null>,
    index: GraphIndex,
    activations: Activations,
    target: Target,
  ) {
    this.#candidates = candidates;
    this.#reasons = reasons;
    this.#index = index;
    this.#activations = activations;
    this.#target = target;
    for (const { node, descriptor, operands } of candidates.values()) {
      if (!this.#isInteger(node)) continue;
      for (const operand of operands) {
        this.#read.add(operand);
        if (descriptor?.kind === "weighted") this.#multiplied.add(operand);
      }
    }
  }

  isQuantized(tensor: string): boolean {
    if (!this.#activations.has(tensor) || this.#activations.isExcluded(tensor) || this.#follower(tensor)) return false;
    if (this.#multiplied.has(tensor)) return true;
    const producer = this.#index.producer(tensor);
    if (!producer && this.#target.floats !== "where it gains") return this.#read.has(tensor);
    return producer !== undefined && this.#isInteger(producer) && (this.#read.has(tensor) || this.#rounds(producer));
  }

  floatReason({ node, descriptor, follower, operands }: Candidate): Reason | null {
    if (follower) {
      const producer = this.#producerOf(node);
      if (!producer || !this.#isInteger(producer)) return { code: "layer-before" };
      const residual = operands.find((name) => !this.isQuantized(name));
      return residual === undefined ? null : { code: "input", tensor: residual };
    }
    if (descriptor?.kind === "weighted") return null;
    const float = operands.find((name) => !this.isQuantized(name));
    if (float !== undefined) return { code: "input", tensor: float };
    const isMovedInFloat = descriptor?.kind === "move" && this.#target.movesInFloat.has(node.opType);
    if (isMovedInFloat && !node.output.some((name) => this.#read.has(name))) {
      return { code: "no-gain", operator: node.opType };
    }
    const results = node.output.filter(this.#activations.has).map((name) => this.#end(name));
    if (!results.every(this.#activations.isExcluded)) return null;
    const tensor = results.find((name) => this.#activations.wouldLose(name) !== undefined);
    if (tensor === undefined) return { code: "recipe-output" };
    return { code: "spared", tensor, lost: this.#activations.wouldLose(tensor)! };
  }

  #isInteger(node: NodeProto): boolean {
    return this.#reasons.get(node) === null;
  }

  /** The quantized follower that takes a tensor over before it is rounded. */
  #follower(tensor: string): NodeProto | null {
    const [use, ...others] = this.#index.uses(tensor);
    const follower = use && others.length === 0 ? this.#candidates.get(use.node)?.follower : null;
    const takesOver = follower && (follower.kind !== "sum" || follower.taken === tensor);
    return takesOver && use && this.#isInteger(use.node) ? use.node : null;
  }

  /** The tensor that is rounded in the place of one that followers take over. */
  #end(tensor: string): string {
    let end = tensor;
    for (let next = this.#follower(end); next; next = this.#follower(end)) end = next.output[0] ?? "";
    return end;
  }

  /**
   * Whether a node's result, followers included, is rounded whoever reads it: weighted kernels may give float too, but for a
   * target that looks for the Q behind a clamp with one reader, and computes in float what it does not find it after.
   */
  #rounds(node: NodeProto): boolean {
    for (let at: NodeProto | undefined = node; at; at = this.#producerOf(at)) {
      const candidate = this.#candidates.get(at);
      const result = at.output[0] ?? "";
      const isClamp = this.#target.roundsClamps && candidate?.follower?.kind === "clamp";
      if (isClamp && !this.#index.isOutput(result) && this.#index.uses(result).length === 1) return true;
      if (candidate?.follower) continue;
      const isWeighted = candidate?.descriptor?.kind === "weighted";
      return !isWeighted || !this.#target.givesFloat.has(at.opType) || this.#isAddedInFloat(at);
    }
    return false;
  }

  /**
   * Whether a target would make one float layer of a product of two dimensions and a sum that stays in float: it does so before
   * it looks for integer kernels, but for a product that is rounded.
   */
  #isAddedInFloat(node: NodeProto): boolean {
    const result = node.output[0] ?? "";
    const [use, ...others] = this.#index.uses(result);
    if (!this.#target.fusesAdd.has(node.opType) || !use || others.length > 0 || this.#index.isOutput(result))
      return false;
    const reader = this.#candidates.get(use.node);
    if (!reader?.descriptor?.adds || this.#isInteger(use.node)) return false;
    const addend = use.node.input[1 - use.input] ?? "";
    return this.#activations.rankOf(result) === 2 && (this.#activations.rankOf(addend) ?? 2) <= 2;
  }

  #producerOf(follower: NodeProto): NodeProto | undefined {
    const role = this.#candidates.get(follower)?.follower;
    if (role?.kind === "sum") return this.#index.producer(role.taken);
    return follower.input.map((name) => this.#index.producer(name)).find((made) => made !== undefined);
  }
}
