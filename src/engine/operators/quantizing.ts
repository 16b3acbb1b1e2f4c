import type { Range } from "../model/range.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain, RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, tensorOf } from "../onnx/tensor.ts";
import { integerLimits } from "../values/elementTypes.ts";
import { operatorOf } from "./index.ts";

export function isQuantizer(node: NodeProto | undefined): boolean {
  return node?.opType === "QuantizeLinear" && isKnown(node);
}

export function isDequantizer(node: NodeProto | undefined): boolean {
  return node?.opType === "DequantizeLinear" && isKnown(node);
}

function isKnown({ domain }: NodeProto): boolean {
  return isDefaultDomain(domain) || domain === RUNTIME_DOMAIN;
}

/** The values that a QuantizeLinear or DequantizeLinear of one scale can give; null of several scales, or of those not known. */
export function gridOf(node: NodeProto, index: GraphIndex): Range | null {
  const [scale, zero] = [node.input[1], node.input[2]].map((name) => index.initializer(name ?? ""));
  if (!scale || !zero || dataTypeOf(scale.dataType) !== "float32") return null;
  const type = dataTypeOf(zero.dataType);
  if (type !== "uint8" && type !== "int8" && type !== "uint16" && type !== "int16") return null;
  const [scales, zeros] = [tensorOf(scale).data, tensorOf(zero).data];
  if (scales.length !== 1 || zeros.length !== 1) return null;
  const [low, high] = integerLimits(type);
  const [step, origin] = [Number(scales[0]), Number(zeros[0])];
  return { low: (low - origin) * step, high: (high - origin) * step };
}

const kept = new WeakMap<GraphIndex, ReadonlySet<NodeProto>>();

/**
 * The layers of a graph that are in integers already: what they compute with comes out of DequantizeLinear, and what they make
 * goes into QuantizeLinear, after the clamp or bias that a kernel takes in. A Gemm or MatMul may give float.
 */
export function layersInIntegers(index: GraphIndex): ReadonlySet<NodeProto> {
  const known = kept.get(index);
  if (known) return known;
  const found = new Set<NodeProto>();
  for (const node of index.graph.node) {
    if (found.has(node) || !isDefaultDomain(node.domain) || isQuantizer(node) || isDequantizer(node)) continue;
    const operator = operatorOf(node, index);
    if (operator?.kind === "weighted") {
      if (!readsIntegers(node.input.slice(0, 2), index)) continue;
      const chain = chainToQuantizer(node, index);
      if (chain) for (const each of chain) found.add(each);
      else if (node.opType === "Gemm" || node.opType === "MatMul") found.add(node);
    } else if (operator && operator.kind !== "float" && readsIntegers(node.input, index)) {
      if (node.output.filter(Boolean).every((name) => isQuantized(name, index))) found.add(node);
    }
  }
  kept.set(index, found);
  return found;
}

/** Whether all are dequantized or, but for a weight, constants, and one of them at least depends on what the model reads. */
function readsIntegers(names: readonly string[], index: GraphIndex): boolean {
  const read = names.filter((name) => name && !isSetting(name, index));
  const isDynamic = (name: string) => !index.initializer(index.producer(name)?.input[0] ?? "");
  return read.length > 0 && read.every((name) => isDequantizer(index.producer(name))) && read.some(isDynamic);
}

/** A constant that is no tensor of values: a shape, or the bounds of a Clip. */
function isSetting(name: string, index: GraphIndex): boolean {
  const constant = index.initializer(name);
  return constant !== undefined && (dataTypeOf(constant.dataType) !== "float32" || constant.dims.length === 0);
}

function isQuantized(name: string, index: GraphIndex): boolean {
  const uses = index.uses(name);
  return !index.isOutput(name) && uses.length > 0 && uses.every(({ node, input }) => input === 0 && isQuantizer(node));
}

/** A layer and what follows it up to a QuantizeLinear; null where there is none. */
function chainToQuantizer(layer: NodeProto, index: GraphIndex): readonly NodeProto[] | null {
  const chain = [layer];
  for (;;) {
    const made = chain.at(-1)!.output[0] ?? "";
    if (isQuantized(made, index)) return chain;
    const [use, ...others] = index.uses(made);
    if (!use || others.length > 0 || index.isOutput(made) || use.input === -1) return null;
    const operator = operatorOf(use.node, index);
    const isClamp = operator?.kind === "activation" && use.input === 0;
    const addsConstant =
      operator?.adds && use.node.input.some((name) => index.initializer(name) || isConstant(name, index));
    if (!isClamp && !addsConstant) return null;
    chain.push(use.node);
  }
}

function isConstant(name: string, index: GraphIndex): boolean {
  const maker = index.producer(name);
  return isDequantizer(maker) && index.initializer(maker?.input[0] ?? "") !== undefined;
}
