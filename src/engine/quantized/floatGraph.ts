import { intOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import { Constants } from "./constants.ts";

/** A layer of a float model that a layer of a quantized file may be. */
export interface FloatLayer {
  readonly id: string;
  readonly node: NodeProto;
  readonly operator: string;
  /** Its constants of two axes or more: what may be a weight. */
  readonly weights: readonly TensorProto[];
  /** What it adds to its sums itself; null without one. */
  readonly bias: TensorProto | null;
  /** What it makes, and what the activation functions and constant Adds after it make that alone read it, in their order. */
  readonly outputs: readonly string[];
  /** The layers that make these, itself first. */
  readonly chain: readonly NodeProto[];
}

/** The layers of a float model in graph order, each with what may be fused to it. */
export function floatLayers(graph: GraphProto): { readonly index: GraphIndex; readonly layers: readonly FloatLayer[] } {
  const index = new GraphIndex(graph);
  const constants = new Constants(index);
  const isLayer = (node: NodeProto) =>
    !castsToFloat(node) && !node.output.filter(Boolean).every((name) => constants.isConstant(name));
  const layers = graph.node.filter(isLayer).map((node): FloatLayer => {
    const chain = chainOf(node, index, constants);
    const weights = node.input.flatMap((name) => {
      const tensor = index.initializer(name);
      return tensor && tensor.dims.length > 1 ? [tensor] : [];
    });
    const kind = operatorOf(node, index);
    const hasBias = kind?.kind === "weighted" && kind.bias === "own";
    const bias = (hasBias ? index.initializer(node.input[2] ?? "") : undefined) ?? null;
    const outputs = [...node.output.filter(Boolean), ...chain.slice(1).map(({ output }) => output[0] ?? "")];
    return { id: index.id(node), node, operator: node.opType, weights, bias, outputs, chain };
  });
  return { index, layers };
}

/** ONNX's codes of float32, float16 and bfloat16. */
const FLOATS = new Set([1, 10, 16]);

/** A Cast to floats is no layer: files in float16 have more of them than their float models. */
export function castsToFloat(node: NodeProto): boolean {
  return node.opType === "Cast" && isDefaultDomain(node.domain) && FLOATS.has(intOf(node, "to") ?? 0);
}

function chainOf(node: NodeProto, index: GraphIndex, constants: Constants): readonly NodeProto[] {
  const chain = [node];
  for (;;) {
    const made = chain.at(-1)!.output[0] ?? "";
    const [use, ...others] = index.uses(made);
    if (!use || others.length > 0 || index.isOutput(made) || use.input < 0) return chain;
    const isActivation = operatorOf(use.node, index)?.kind === "activation" && use.input === 0;
    const addsConstant = use.node.opType === "Add" && constants.isConstant(use.node.input[1 - use.input] ?? "");
    if (!isActivation && !addsConstant) return chain;
    chain.push(use.node);
  }
}
