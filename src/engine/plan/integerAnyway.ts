import type { Use } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { DataType } from "../values/elementTypes.ts";
import { type LayersByNode, layersByNode } from "./chain.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";
import { roundedEarly } from "./roundedEarly.ts";
import { mixesCodes, staysSigned } from "./signedCodes.ts";
import { wideGroups } from "./widths.ts";

/**
 * The layers that a plan leaves in float and that ONNX Runtime computes on codes all the same, by name: those with an integer kernel that read
 * rounded values alone and whose result none but quantized layers read, and those that move values to or from where these are rounded.
 */
export function integerAnyway(
  plan: QuantizationPlan,
  types: ReadonlyMap<string, DataType | "other">,
): ReadonlySet<string> {
  if (!plan.target.isHere || plan.groups.length === 0 || plan.written === null) return new Set();
  const taken = new Taken(plan, types);
  const nodes = [...taken.computed(), ...taken.movedBefore(), ...taken.movedAfter()];
  return new Set(nodes.map((node) => plan.index.id(node)));
}

class Taken {
  readonly #plan: QuantizationPlan;
  readonly #types: ReadonlyMap<string, DataType | "other">;
  readonly #byNode: LayersByNode;
  readonly #isSigned: (tensor: string) => boolean;
  readonly #wide: ReadonlySet<string>;

  constructor(plan: QuantizationPlan, types: ReadonlyMap<string, DataType | "other">) {
    this.#plan = plan;
    this.#types = types;
    this.#byNode = layersByNode(plan);
    this.#isSigned = staysSigned(plan, this.#byNode);
    this.#wide = wideGroups(plan.groups);
  }

  computed(): NodeProto[] {
    const { layers, groupOf, target } = this.#plan;
    const mixes = mixesCodes(this.#plan, this.#byNode);
    return layers.flatMap((layer) => {
      const { node } = layer;
      if (!this.#hasKernel(layer) || mixes(layer)) return [];
      const [output = ""] = node.output;
      const clamp = this.#clampAfter(output);
      const givesFloat = target.givesFloat.has(node.opType) && clamp === null && !groupOf.has(output);
      const isTaken = givesFloat || this.#goesToCodes(clamp?.output[0] ?? output);
      return isTaken ? [node, ...(clamp ? [clamp] : [])] : [];
    });
  }

  /** What moves values that are rounded after it: a QuantizeLinear is moved up through it where nothing else reads them (qdq_propagation.cc). */
  movedBefore(): NodeProto[] {
    const { index, groupOf } = this.#plan;
    const kept = roundedEarly(this.#plan);
    return [...groupOf.keys()].flatMap((tensor) => {
      if (kept.has(tensor) || !this.#goesToCodes(tensor)) return [];
      const movers: NodeProto[] = [];
      for (let at = this.#makerOf(tensor); this.#moves(at); ) {
        const [source = ""] = at.input;
        if (this.#isRounded(source) || index.isOutput(source) || index.uses(source).length > 1) break;
        movers.push(at);
        at = this.#makerOf(source);
      }
      return movers.slice(this.#isSigned(tensor) ? 1 : 0);
    });
  }

  /** What alone moves rounded values that float layers read then: a DequantizeLinear is moved down through it likewise. */
  movedAfter(): NodeProto[] {
    const { groupOf } = this.#plan;
    return [...groupOf.keys()].flatMap((tensor) => {
      const movers: NodeProto[] = [];
      if (!this.#isRounded(tensor)) return [];
      for (let from = tensor; ; ) {
        const reader = this.#readerOf(from);
        const [output = ""] = reader?.output ?? [];
        if (!this.#moves(reader) || groupOf.has(output)) break;
        movers.push(reader);
        from = output;
      }
      return movers.slice(this.#isSigned(tensor) ? 1 : 0);
    });
  }

  /** Whether a layer in float has an integer kernel and reads rounded values alone. */
  #hasKernel({ node, reason, descriptor }: LayerPlan): boolean {
    if (reason === null || !descriptor || !this.#plan.target.integerKernels.has(node.opType)) return false;
    const isProduct = descriptor.kind === "weighted" && node.opType === "MatMul";
    if (!isProduct && descriptor.kind !== "compute") return false;
    const isFirst = descriptor.kind === "compute" && descriptor.operands !== "all";
    const operands = node.input.slice(node.opType === "Where" ? 1 : 0, isFirst ? 1 : undefined);
    return operands.every((name) => this.#isRounded(name));
  }

  /** The clamp in float that alone reads a result, where saturating does the same. */
  #clampAfter(tensor: string): NodeProto | null {
    const { index, written } = this.#plan;
    const [use, ...others] = index.uses(tensor);
    if (!use || others.length > 0 || index.isOutput(tensor) || this.#isQuantized(use.node)) return null;
    const isImplied = !written?.activations?.symmetric && !written?.activations?.scales;
    return isImplied && this.#byNode.get(use.node)?.descriptor?.kind === "activation" ? use.node : null;
  }

  /** What makes a tensor, past what the runtime leaves out. */
  #makerOf(tensor: string): NodeProto | undefined {
    const { index } = this.#plan;
    const maker = index.producer(tensor);
    const [source = ""] = maker?.input ?? [];
    const isAlone = !index.isOutput(source) && index.uses(source).length === 1;
    return maker && this.#isVoid(maker) && isAlone ? this.#makerOf(source) : maker;
  }

  /** What alone reads a tensor, past what the runtime leaves out, its shape for a Reshape of it among that. */
  #readerOf(tensor: string): NodeProto | null {
    const { index } = this.#plan;
    const uses = index.uses(tensor);
    const reader = uses.find(({ node, input }) => input === 0 && node.opType !== "Shape")?.node;
    const isOther = uses.some(({ node }) => node !== reader && this.#shapes(node) !== reader);
    if (!reader || isOther || index.isOutput(tensor)) return null;
    const [output = ""] = reader.output;
    return this.#isVoid(reader) ? this.#readerOf(output) : reader;
  }

  /** The Reshape whose shape a Shape is for alone, piece by piece: ONNX Runtime makes a constant of that (reshape_fusion.cc). */
  #shapes(node: NodeProto): NodeProto | null {
    const { index } = this.#plan;
    let at: NodeProto | undefined = node;
    for (const operator of ["Shape", "Gather", "Unsqueeze", "Concat"]) {
      const uses: readonly Use[] = at?.opType === operator ? index.uses(at.output[0] ?? "") : [];
      at = uses.length === 1 ? uses[0]?.node : undefined;
    }
    return at?.opType === "Reshape" ? at : null;
  }

  /** Whether a node gives what it reads. */
  #isVoid({ opType, input, output }: NodeProto): boolean {
    const isFloat = [input[0] ?? "", output[0] ?? ""].every((name) => this.#types.get(name) === "float32");
    return isFloat && (opType === "Identity" || opType === "Cast");
  }

  #moves(node: NodeProto | null | undefined): node is NodeProto {
    if (!node || this.#isQuantized(node) || !isDefaultDomain(node.domain)) return false;
    return this.#plan.target.roundsBefore.has(node.opType);
  }

  #isQuantized(node: NodeProto): boolean {
    return this.#byNode.get(node)?.reason === null;
  }

  /** Whether a tensor is rounded to 8 bits. */
  #hasCodes(tensor: string): boolean {
    const group = this.#plan.groupOf.get(tensor);
    return group !== undefined && !this.#wide.has(group);
  }

  /** Whether all that read a tensor read the rounded values. */
  #isRounded(tensor: string): boolean {
    const maker = this.#plan.index.producer(tensor);
    return this.#hasCodes(tensor) && maker !== undefined && this.#isQuantized(maker);
  }

  /** Whether quantized layers alone read a rounded tensor. */
  #goesToCodes(tensor: string): boolean {
    const { index } = this.#plan;
    const isSeen = index.isOutput(tensor);
    return this.#hasCodes(tensor) && !isSeen && index.uses(tensor).every(({ node }) => this.#isQuantized(node));
  }
}
