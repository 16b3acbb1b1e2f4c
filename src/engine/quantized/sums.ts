import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Constants } from "./constants.ts";

/** What follows a ConvInteger or MatMulInteger until its sums are values. */
export interface SumsChain {
  /** Cast, Mul and the Add of a constant. */
  readonly nodes: readonly NodeProto[];
  /** What is made on the way: products, and what the bias was added to. */
  readonly outputs: readonly string[];
  /** The name of the weight's scale; null where none of the factors is a constant. */
  readonly weightScale: string | null;
}

/** Follows sums of int32 through Cast, the Muls by scales, and the Add of a constant where `addsBias`. */
export function chainOfSums(sums: NodeProto, index: GraphIndex, constants: Constants, addsBias: boolean): SumsChain {
  const nodes: NodeProto[] = [];
  const outputs: string[] = [];
  const factors: string[] = [];
  for (let name = sums.output[0] ?? ""; ; ) {
    const [use, ...others] = index.uses(name);
    if (!use || others.length > 0 || !isDefaultDomain(use.node.domain)) break;
    const { node, input } = use;
    const other = node.input[1 - input] ?? "";
    const isScaling = node.opType === "Cast" || (node.opType === "Mul" && isScale(other, index, constants));
    const isBias = node.opType === "Add" && addsBias && outputs.length > 0 && constants.isConstant(other);
    if (!isScaling && !isBias) break;
    nodes.push(node);
    name = node.output[0] ?? "";
    if (node.opType === "Mul") factors.push(...factorsOf(other, index, nodes));
    if (node.opType !== "Cast") outputs.push(name);
    if (isBias || index.isOutput(name)) break;
  }
  return { nodes, outputs, weightScale: factors.find((name) => constants.floats(name) !== null) ?? null };
}

/** Whether a factor is a scale: a constant, what DynamicQuantizeLinear gives, or a product of these. */
function isScale(name: string, index: GraphIndex, constants: Constants): boolean {
  const maker = index.producer(name);
  if (constants.isConstant(name)) return true;
  if (maker?.opType === "DynamicQuantizeLinear") return maker.output[1] === name;
  return maker?.opType === "Mul" && maker.input.every((each) => isScale(each, index, constants));
}

function factorsOf(name: string, index: GraphIndex, nodes: NodeProto[]): readonly string[] {
  const maker = index.producer(name);
  if (maker?.opType !== "Mul") return [name];
  nodes.push(maker);
  return maker.input.flatMap((each) => factorsOf(each, index, nodes));
}
