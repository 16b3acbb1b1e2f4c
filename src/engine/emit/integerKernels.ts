import type { EncodedWeight } from "../encode/weight.ts";
import { attributeOf, intAttribute, intOf, intsOf } from "../onnx/attributes.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { AttributeProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { ActivationType } from "../values/codes.ts";
import type { Stored } from "./graphDraft.ts";

/** A layer that is to be computed on codes, and what it is computed with. */
export interface IntegerCall {
  readonly node: NodeProto;
  readonly opset: number;
  readonly activations: ActivationType;
  /** Its weight and where that is among its inputs; null where both factors are activations, or it has none. */
  readonly weight: { readonly input: number; readonly encoded: EncodedWeight } | null;
  /** The bias that the Add after it adds, in float; null where none does. */
  readonly added: string | null;
  /** Scale and zero point of what it makes; null where that is float. */
  readonly result: readonly [scale: string, zeroPoint: string] | null;
  readonly codesOf: (input: number) => Stored;
  /** The zero points of its weight, one for each scale, by name. */
  readonly zeroPoints: () => string;
  /** The name of its own bias in int32. */
  readonly bias: () => string;
}

/** A node without its outputs. */
export interface IntegerKernel {
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly attributes?: readonly AttributeProto[];
  /** Whether it makes float values that are still to be rounded. */
  readonly givesFloat?: true;
}

type Kernel = (call: IntegerCall) => IntegerKernel | null;

/**
 * The operators that ONNX Runtime computes on codes, each as the node that it has for it; null where that does not take what the
 * layer is. Schemas: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md and ONNX.
 */
export const INTEGER_KERNELS: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  ["Conv", conv],
  ["MatMul", matMul],
  ["Gemm", gemm],
  ["Add", (call) => ofTwo("QLinearAdd", call)],
  ["Mul", (call) => ofTwo("QLinearMul", call)],
  ["Concat", concat],
  ["AveragePool", averagePool],
  ["GlobalAveragePool", (call) => ofOne("QLinearGlobalAveragePool", call, [intAttribute("channels_last", 0)])],
  ["LeakyRelu", (call) => ofOne("QLinearLeakyRelu", call, call.node.attribute)],
  ["Sigmoid", (call) => ofOne("QLinearSigmoid", call, [])],
  ["Softmax", softmax],
  ["Where", where],
]);

function conv({ node, weight, result, codesOf, bias }: IntegerCall): IntegerKernel | null {
  if (weight?.encoded.type !== "int8" || !result) return null;
  if (node.input[2] && !weight.encoded.bias) return null;
  const inputs = [...codesOf(0), ...codesOf(1), ...result, ...(node.input[2] ? [bias()] : [])];
  return { opType: "QLinearConv", inputs, attributes: node.attribute };
}

function matMul(call: IntegerCall): IntegerKernel | null {
  const { weight, added, result, codesOf } = call;
  if (!multiplies(call)) return null;
  const [[a, aScale, aZero], [b, bScale, bZero]] = [codesOf(0), codesOf(1)];
  if (result && added === null) {
    return { opType: "QLinearMatMul", inputs: [a, aScale, aZero, b, bScale, bZero, ...result] };
  }
  if (added !== null && weight?.input !== 1) return null;
  const inputs = [a, b, aScale, bScale, aZero, bZero, ...(added === null ? [] : [added])];
  return { opType: "MatMulIntegerToFloat", domain: RUNTIME_DOMAIN, inputs, givesFloat: true };
}

function gemm(call: IntegerCall): IntegerKernel | null {
  const { node, weight, result, codesOf, zeroPoints, bias } = call;
  if (weight?.input !== 1 || !multiplies(call)) return null;
  if (node.input[2] && !weight.encoded.bias) return null;
  const kept = ["alpha", "transA", "transB"].flatMap((name) => attributeOf(node, name) ?? []);
  const [codes, scale] = codesOf(1);
  const inputs = [...codesOf(0), codes, scale, zeroPoints(), node.input[2] ? bias() : "", ...(result ?? [])];
  return { opType: "QGemm", domain: RUNTIME_DOMAIN, inputs, attributes: kept, ...(!result && { givesFloat: true }) };
}

/** Kernels multiply uint8 by both types, and int8 by int8 alone. */
function multiplies({ weight, activations }: IntegerCall): boolean {
  if (weight && weight.encoded.type !== "int8") return false;
  return weight?.input !== 0 || activations === "int8";
}

function ofOne(opType: string, { result, codesOf }: IntegerCall, attributes: readonly AttributeProto[]) {
  if (!result) return null;
  return { opType, domain: RUNTIME_DOMAIN, inputs: [...codesOf(0), ...result], attributes };
}

function ofTwo(opType: string, { node, result, codesOf }: IntegerCall): IntegerKernel | null {
  if (!result || node.input.length !== 2) return null;
  return { opType, domain: RUNTIME_DOMAIN, inputs: [...codesOf(0), ...codesOf(1), ...result] };
}

function concat({ node, result, codesOf }: IntegerCall): IntegerKernel | null {
  if (!result) return null;
  const inputs = [...result, ...node.input.flatMap((_, input) => codesOf(input))];
  return { opType: "QLinearConcat", domain: RUNTIME_DOMAIN, inputs, attributes: node.attribute };
}

function averagePool(call: IntegerCall): IntegerKernel | null {
  if ((intsOf(call.node, "dilations") ?? []).some((each) => each !== 1)) return null;
  const kept = call.node.attribute.filter(({ name }) => name !== "dilations");
  return ofOne("QLinearAveragePool", call, kept);
}

function softmax(call: IntegerCall): IntegerKernel | null {
  const axis = intAttribute("axis", intOf(call.node, "axis") ?? -1);
  return ofOne("QLinearSoftmax", call, [axis, intAttribute("opset", call.opset)]);
}

function where({ node, result, codesOf }: IntegerCall): IntegerKernel | null {
  if (!result) return null;
  const inputs = [node.input[0] ?? "", ...codesOf(1), ...codesOf(2), ...result];
  return { opType: "QLinearWhere", domain: RUNTIME_DOMAIN, inputs };
}
