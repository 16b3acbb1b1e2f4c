import { intOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import { bodiesOf } from "./bodies.ts";
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

/** The layers of one graph of a float model, in graph order. */
export interface FloatGraph {
  readonly index: GraphIndex;
  readonly layers: readonly FloatLayer[];
}

/** The layers of a float model, each with what may be fused to it, by what their names begin with: nothing in its own graph. */
export function floatGraphs(graph: GraphProto): ReadonlyMap<string, FloatGraph> {
  const found = new Map<string, FloatGraph>();
  const read = (each: GraphProto, path: string) => {
    const index = new GraphIndex(each);
    const constants = new Constants(index);
    const isLayer = (node: NodeProto) =>
      !castsToFloat(node) && !node.output.filter(Boolean).every((name) => constants.isConstant(name));
    const nodes = each.node.filter(isLayer);
    const idOf = (node: NodeProto) => (path === "" ? index.id(node) : `${path}/${index.id(node)}`);
    found.set(path, { index, layers: nodes.map((node) => layerOf(node, idOf(node), index, constants)) });
    for (const node of nodes) {
      for (const body of bodiesOf(node, idOf(node), index, constants)) read(body.graph, body.path);
    }
  };
  read(graph, "");
  return found;
}

function layerOf(node: NodeProto, id: string, index: GraphIndex, constants: Constants): FloatLayer {
  const chain = chainOf(node, index, constants);
  const weights = node.input.flatMap((name) => {
    const tensor = index.initializer(name);
    return tensor && tensor.dims.length > 1 ? [tensor] : [];
  });
  const kind = operatorOf(node, index);
  const hasBias = kind?.kind === "weighted" && kind.bias === "own";
  const bias = (hasBias ? index.initializer(node.input[2] ?? "") : undefined) ?? null;
  const outputs = [...node.output.filter(Boolean), ...chain.slice(1).map(({ output }) => output[0] ?? "")];
  return { id, node, operator: node.opType, weights, bias, outputs, chain };
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
