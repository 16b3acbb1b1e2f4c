import { InputError } from "../model/job.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, tensorOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import { isDequantizer, isQuantizer, layersInIntegers } from "../operators/quantizing.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import type { Target } from "../targets/target.ts";
import type { DataType } from "../values/elementTypes.ts";
import { plural } from "../values/figures.ts";

/** The way out of what a model came with in integers. */
export const FOLD = "have it folded back to float32 and quantized anew (octet quantize --quantized fold)";

/** Pairs that a message names one by one. */
const NAMED = 5;

/**
 * Throws InputError where a model came with layers in integers that stay as they are, and their scales or zero points are not what a target elsewhere
 * takes. ONNX Runtime's own targets take every pair that it loads.
 */
export function assertKeptTaken({ index, target }: QuantizationPlan, model: string): void {
  if (target.isHere) return;
  const faults = [...keptPairs(index)].flatMap((pair) => {
    const fault = faultOf(pair, target);
    return fault === null ? [] : [`${pair.tensor} is ${fault}`];
  });
  if (faults.length === 0) return;
  const more = faults.length > NAMED ? `; and ${faults.length - NAMED} more` : "";
  throw new InputError(
    `${model} came quantized in part, and ${target.name} does not take ${plural(faults.length, "tensor")} of what is kept of that: ${faults.slice(0, NAMED).join("; ")}${more}. H${FOLD.slice(1)}, or choose another target.`,
  );
}

interface Pair {
  readonly tensor: string;
  /** What is multiplied by activations and its bias; other constants are scaled as activations are. */
  readonly kind: "activation" | "weight";
  readonly type: DataType;
  readonly scales: readonly number[];
  /** All 0 where none are written; null of those that are not constant. */
  readonly zeros: readonly number[] | null;
}

function* keptPairs(index: GraphIndex): Generator<Pair> {
  const seen = new Set<NodeProto>();
  for (const layer of layersInIntegers(index)) {
    const readers = layer.output.flatMap((name) => index.uses(name).map(({ node }) => node));
    const makers = layer.input.flatMap((name) => index.producer(name) ?? []);
    const isWeighted = operatorOf(layer, index)?.kind === "weighted";
    for (const node of [...makers.filter(isDequantizer), ...readers.filter(isQuantizer)]) {
      if (seen.has(node)) continue;
      seen.add(node);
      const pair = pairOf(node, index, isWeighted);
      if (pair) yield pair;
    }
  }
}

function pairOf(node: NodeProto, index: GraphIndex, isWeighted: boolean): Pair | null {
  const [source = "", scaleName = "", zeroName = ""] = node.input;
  const [codes, scale, zero] = [source, scaleName, zeroName].map((name) => index.initializer(name));
  const quantizer = isDequantizer(node) && !codes ? index.producer(source) : node;
  const known = zero ?? codes ?? index.initializer(quantizer?.input[2] ?? "");
  const type = known ? dataTypeOf(known.dataType) : isQuantizer(node) ? "uint8" : "other";
  if (type === "other" || !scale) return null;
  const numbers = (tensor: typeof scale) => Array.from(tensorOf(tensor).data as ArrayLike<number | bigint>, Number);
  const isConstant =
    codes !== undefined || (isQuantizer(quantizer) && index.initializer(quantizer?.input[0] ?? "") !== undefined);
  return {
    tensor: isQuantizer(node) ? source : (node.output[0] ?? ""),
    kind: isConstant && (isWeighted || type === "int32") ? "weight" : "activation",
    type,
    scales: numbers(scale),
    zeros: zero ? numbers(zero) : zeroName ? null : [0],
  };
}

/** What a pair is, and what is taken in its place; null where it is taken. */
function faultOf({ kind, type, scales, zeros }: Pair, target: Target): string | null {
  const origins =
    zeros === null
      ? "zero points of its own"
      : zeros.every((zero) => zero === zeros[0])
        ? `zero point ${zeros[0]}`
        : "several zero points";
  const given = `${type} with ${origins}`;
  if (kind === "weight" && type === "int32") {
    return target.biases === "int32" ? null : `a bias of int32, where ${target.biases} is taken`;
  }
  if (kind === "weight") {
    const isOffset = type === "uint8" && target.unsignedWeights.size > 0;
    const isTaken = (target.weights as readonly string[]).includes(type) || isOffset;
    if (!isTaken || !isAll(zeros, isOffset ? 128 : 0))
      return `a weight of ${given}, where ${target.weights.join(" or ")} with zero point 0 is taken`;
    if (scales.length > 1 && !target.granularities.includes("channel"))
      return "a weight of a scale a channel, where one a tensor is taken";
  } else {
    const isTaken = target.activations.some(
      (scheme) => scheme.type === type && (!scheme.symmetric || isAll(zeros, centreOf(type))),
    );
    if (!isTaken) return `${given}, where ${taken(target)} is taken`;
    if (scales.length > 1) return "of several scales, where one is taken";
  }
  return target.scales === "power-of-two" && !scales.every(isPowerOfTwo) ? "of scales that are no powers of two" : null;
}

function taken({ activations }: Target): string {
  const each = activations.map(({ type, symmetric }) =>
    symmetric ? `${type} with zero point ${centreOf(type)}` : type,
  );
  return [...new Set(each)].join(" or ");
}

function isAll(zeros: readonly number[] | null, origin: number): boolean {
  return zeros?.every((zero) => zero === origin) ?? false;
}

function centreOf(type: string): number {
  return type === "uint8" ? 128 : type === "uint16" ? 32768 : 0;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
