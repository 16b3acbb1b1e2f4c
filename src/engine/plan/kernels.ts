import { isWide } from "../values/codes.ts";
import { addsInFloat } from "./addsInFloat.ts";
import { chainOf, isRoundedBefore, type LayersByNode, layersByNode } from "./chain.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";
import { mixesCodes } from "./signedCodes.ts";
import { wideGroups } from "./widths.ts";

/**
 * The layers of a plan that are quantized and that its target computes in float all the same, between a DequantizeLinear and a
 * QuantizeLinear, by name: for want of an integer kernel, or as their weights, activations or results are none that these take, or not in that
 * order. With them those that have nothing in 8 bits but weights in the file, inside others too.
 */
export function floatKernels(plan: QuantizationPlan): string[] {
  const inFloat = new Set<LayerPlan["node"]>();
  const atRunTime = new Set(plan.stored.flatMap(({ layer, runTime }) => (runTime === "integer" ? [layer.id] : [])));
  const kernels = new Kernels(plan, inFloat);
  for (const layer of plan.layers) {
    if (layer.reason === null && !atRunTime.has(layer.id) && kernels.isFloat(layer)) inFloat.add(layer.node);
  }
  const stored = plan.stored.filter(({ layer }) => layer.reason?.code === "stored");
  const own = new Set(stored.flatMap(({ layer, inside }) => (inside === null ? [layer.id] : [])));
  return [
    ...plan.layers.flatMap(({ id, node }) => (inFloat.has(node) || own.has(id) ? [id] : [])),
    ...stored.flatMap(({ layer, inside }) => (inside === null ? [] : [layer.id])),
  ];
}

class Kernels {
  readonly #plan: QuantizationPlan;
  /** What was found to be in float so far. */
  readonly #inFloat: ReadonlySet<LayerPlan["node"]>;
  readonly #byNode: LayersByNode;
  readonly #wide: ReadonlySet<string>;
  readonly #mixesCodes: (layer: LayerPlan) => boolean;
  /** Whether pairs of Q and DQ are written for the runtime here, whose rules for them are known. */
  readonly #isPaired: boolean;

  constructor(plan: QuantizationPlan, inFloat: ReadonlySet<LayerPlan["node"]>) {
    this.#plan = plan;
    this.#inFloat = inFloat;
    this.#byNode = layersByNode(plan);
    this.#wide = wideGroups(plan.groups);
    this.#isPaired = plan.target.isHere && plan.written?.format === "qdq";
    this.#mixesCodes = this.#isPaired ? mixesCodes(plan, this.#byNode) : () => false;
  }

  /** Whether a layer takes the largest of codes of 16 bits, which ONNX Runtime does in 8 alone. */
  #poolsWide({ node, operator }: LayerPlan): boolean {
    const { target, groupOf, written } = this.#plan;
    if (operator !== "MaxPool" || !target.isHere) return false;
    return isWide(written?.activations?.type ?? "uint8") || this.#wide.has(groupOf.get(node.input[0] ?? "") ?? "");
  }

  isFloat(layer: LayerPlan): boolean {
    const { index, target, groups, groupOf } = this.#plan;
    const { node, descriptor, operator, weightUse, follower, precision } = layer;
    if (groups.length === 0) return layer.runTime !== "integer";
    const isNone = target.integerKernels.size === 0 || (layer.wide && target.isHere);
    if (isNone && descriptor?.kind !== "move") return true;
    const isMadeInFloat = (name: string) => this.#inFloat.has(index.producer(name) ?? node);
    if (follower?.kind === "sum") return isMadeInFloat(follower.taken);
    if (follower) return node.input.some(isMadeInFloat) || this.#followsInFloat(layer);
    if (descriptor?.kind === "move") {
      return target.movesInFloat.has(operator) || this.#mixesCodes(layer) || this.#poolsWide(layer);
    }
    if (descriptor?.kind === "activation") return false;
    if (weightUse && !(target.multiplies as readonly string[]).includes(precision)) return true;
    if (weightUse?.input === 0 && !target.multipliesFirst) return true;
    if (!target.integerKernels.has(operator)) return true;
    const { layers, end } = chainOf(layer, this.#plan, this.#byNode);
    if (!groupOf.has(end) && !target.givesFloat.has(operator)) return true;
    return layers.some((each) => this.#keepsInFloat(each)) || this.#mixesCodes(layer);
  }

  #followsInFloat(layer: LayerPlan): boolean {
    if (layer.follower?.kind === "bias") return addsInFloat(layer, this.#plan);
    const isRounded = this.#plan.groupOf.has(chainOf(layer, this.#plan, this.#byNode).end);
    return this.#isPaired && layer.follower?.kind === "clamp" && !(isRounded && this.#isImplied());
  }

  /** Whether a clamp is one that saturating does, so that it is left out: the others are computed in float. */
  #isImplied(): boolean {
    const activations = this.#plan.written?.activations;
    return !activations?.symmetric && activations?.scales === undefined;
  }

  /** Whether a layer is a clamp that keeps the layer before it from an integer kernel. */
  #keepsInFloat(layer: LayerPlan): boolean {
    if (!this.#isPaired || layer.follower?.kind !== "clamp" || this.#isImplied()) return false;
    return !isRoundedBefore(layer, this.#plan, this.#byNode);
  }
}
